import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import * as tf from '@tensorflow/tfjs-core';
import { layers, sequential } from '@tensorflow/tfjs-layers';
import { encode } from 'fast-png';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { classifier } from '../../src/classifier/classifier';
import { matchClasses } from '../../src/cli/data/matchClasses';
import { readImages, readLabelled } from '../../src/cli/data/readImages';
import { main } from '../../src/cli/main';
import type { Progress } from '../../src/core/progress';
import { saveLayers } from './savedModels';

let root: string;
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'cli-data-'));
});
afterAll(() => rm(root, { recursive: true }));

const TEST = { part: undefined, usual: 'test' } as const;
const empty = new Uint8Array();

/** Writes files below a fresh folder and gives its path; a name that ends in a slash is an empty folder. */
async function lay(files: Readonly<Record<string, Uint8Array | string>>): Promise<string> {
  const folder = await mkdtemp(join(root, 'set-'));
  for (const [path, content] of Object.entries(files)) {
    const target = join(folder, path);
    await mkdir(path.endsWith('/') ? target : dirname(target), { recursive: true });
    if (!path.endsWith('/')) await writeFile(target, content);
  }
  return folder;
}

/** A 2x2 image, gray of one brightness, or of any pixels. */
function png(brightness: number, pixels = [brightness, brightness, brightness, brightness], channels = 1): Uint8Array {
  return encode({ width: 2, height: 2, data: Uint8Array.from(pixels), channels, depth: 8 });
}

function npy(descr: string, shape: readonly number[], body: ArrayLike<number> & Iterable<number>): Uint8Array {
  const text = Buffer.from(
    `{'descr': '${descr}', 'fortran_order': False, 'shape': (${shape.map((n) => `${n},`).join('')}), }\n`,
  );
  const data = descr === '<f4' ? new Uint8Array(Float32Array.from(body).buffer) : Uint8Array.from(body);
  return new Uint8Array(
    Buffer.concat([Uint8Array.of(0x93), Buffer.from('NUMPY\u0001\u0000'), Uint8Array.of(text.length, 0), text, data]),
  );
}

function idx(shape: readonly number[], body: readonly number[]): Uint8Array {
  const header = shape.flatMap((n) => [0, 0, 0, n]);
  return Uint8Array.from([0, 0, 8, shape.length, ...header, ...body]);
}

/** A model of 2x2 gray images (or of another shape), with the names of its classes if any. */
async function model(classes: number, names?: readonly string[], inputShape: readonly number[] = [2, 2, 1]) {
  const size = inputShape.reduce((a, b) => a * b, 1);
  const net = classifier((x) => tf.tidy(() => tf.matMul(tf.reshape(x, [-1, size]), tf.ones([size, classes]))), {
    inputShape,
  });
  return { classifier: net, labels: names };
}

/** What was read of a folder of images with classes: label and first value of each, and the notes without the path. */
async function read(folder: string, place: Awaited<ReturnType<typeof model>>) {
  const { x, labels, notes } = await readLabelled(folder, TEST, place);
  const values = await x.data();
  const size = values.length / labels.length;
  x.dispose();
  return {
    images: Array.from(labels, (label, i) => [label, Math.round(values[i * size]! * 255)]),
    notes: notes.map((note) => note.replace(`${folder}: `, '')),
  };
}

describe('folders of images', () => {
  it('never become classes, nor their files images, where systems, editors or archivers made them', async () => {
    const folder = await lay({
      '0/a.png': png(10),
      '0/._a.png': 'resource fork',
      '0/.DS_Store': 'x',
      '0/Thumbs.db': 'x',
      '1/b.png': png(20),
      '1/.ipynb_checkpoints/b-checkpoint.png': png(99),
      '.ipynb_checkpoints/c.png': png(99),
      '__MACOSX/0/._a.png': 'x',
      '@eaDir/d.png': png(99),
      '.DS_Store': 'x',
      'desktop.ini': 'x',
    });
    const { images, notes } = await read(folder, await model(2));
    expect(images).toEqual([
      [0, 10],
      [1, 20],
    ]);
    expect(notes).toEqual([
      'hidden, and not read: .ipynb_checkpoints, @eaDir, __MACOSX, 0/._a.png and 1/.ipynb_checkpoints.',
    ]);
  });

  it('say how many files of other formats were not read, and are refused if there are no others', async () => {
    const others = { '0/b.HEIC': 'x', '0/c.avif': 'x', '1/e.gif': 'x', '1/f.gif': 'x', '1/g.bmp': 'x', 'h.tif': 'x' };
    const beside = await lay({ ...others, '0/a.png': png(10), '1/d.png': png(20), '1/notes.txt': 'x' });
    expect((await read(beside, await model(2))).notes).toEqual([
      '1 TIFF, 1 HEIC, 1 AVIF, 2 GIF and 1 BMP files were not read, as only JPEG, PNG and WebP are.',
    ]);
    await expect(read(await lay(others), await model(2))).rejects.toThrow('2 GIF');
  });

  it('say which images beside and inside the folders of the classes were not read', async () => {
    const folder = await lay({ '0/a.png': png(1), '0/deep/b.png': png(2), '1/c.png': png(3), 'd.png': png(4) });
    expect((await read(folder, await model(2))).notes).toEqual([
      '1 image was not read, beside the folders of the classes.',
      'folders inside those of the classes were not read: 0/deep.',
    ]);
  });

  it('count as classes where they are links to folders', async () => {
    const elsewhere = await lay({ 'a.png': png(10) });
    const folder = await lay({ '1/b.png': png(20) });
    await symlink(elsewhere, join(folder, '0'));
    expect((await read(folder, await model(2))).images).toEqual([
      [0, 10],
      [1, 20],
    ]);
  });

  it('are classes by their numbers, whichever are missing', async () => {
    const folder = await lay({ '1/a.png': png(10), '10/b.png': png(20), '2/c.png': png(30) });
    expect((await read(folder, await model(11))).images).toEqual([
      [1, 10],
      [10, 20],
      [2, 30],
    ]);
  });

  it("are classes by the names in the model's metadata.json, in the order of its outputs", async () => {
    const folder = await lay({ 'Brown Glass/a.png': png(10), 'metal/b.png': png(20), 'readme/c.txt': 'x' });
    const names = ['metal', 'paper', 'brown-glass'];
    expect((await read(folder, await model(3, names))).images).toEqual([
      [2, 10],
      [0, 20],
    ]);
    const other = await lay({ 'glass/a.png': png(10), 'metal/b.png': png(20), 'paper/c.png': png(1) });
    await expect(read(other, await model(3, names))).rejects.toThrow(
      /has no class glass; .* metal, paper and brown-glass/,
    );
    await expect(read(folder, await model(4, names))).rejects.toThrow('names 3 classes, and the model has 4');
  });

  it('are read for other data whatever they are called and however many there are', async () => {
    const folder = await lay({ 'bee/a.png': png(10), 'fly/b.png': png(20), 'ant/c.png': png(30), 'd/e.gif': 'x' });
    const { x, labels, notes } = await readImages(folder, TEST, await model(2, ['yes', 'no']));
    expect([x.shape, labels, notes]).toEqual([[3, 2, 2, 1], undefined, [expect.stringContaining('1 GIF')]]);
    x.dispose();
  });

  it('of 16 bits, and gray ones for a model of three channels, are read with a word', async () => {
    const deep = encode({ width: 2, height: 2, data: Uint16Array.of(511, 256, 0, 65535), channels: 1, depth: 16 });
    const { x, notes } = await readImages(await lay({ 'a.png': deep }), TEST, await model(2, undefined, [2, 2, 3]));
    const values = Array.from(await x.data(), (value) => Math.round(255 * value));
    expect(values).toEqual([1, 1, 1, 1, 1, 1, 0, 0, 0, 255, 255, 255]);
    expect(notes).toEqual([
      expect.stringContaining('1 image has 16 bits, of which 8 were kept'),
      expect.stringContaining('gray was repeated for the three channels'),
    ]);
    x.dispose();
  });

  it('with transparent parts are read with a word', async () => {
    const clear = png(0, [9, 255, 9, 0, 9, 255, 9, 255], 2);
    const opaque = png(0, [9, 255, 9, 255, 9, 255, 9, 255], 2);
    const folder = await lay({ '0/a.png': clear, '1/b.png': opaque });
    expect((await read(folder, await model(2))).notes).toEqual([
      '1 image has transparent parts, whose colours count as if opaque.',
    ]);
  });
});

describe('photographs', () => {
  const photo = (width: number, height: number, red: number) =>
    sharp({ create: { width, height, channels: 3, background: { r: red, g: 0, b: 0 } } });

  it('of any format and size are brought to that of the model, as --resize says, with a word', async () => {
    const folder = await lay({
      '0/a.jpg': await photo(8, 4, 200).jpeg({ quality: 100 }).toBuffer(),
      '0/b.webp': await photo(4, 8, 100).webp({ lossless: true }).toBuffer(),
      '1/c.png': png(40),
    });
    const net = await model(2, undefined, [2, 2, 3]);
    const seen: string[] = [];
    const onProgress = ({ done, total }: Progress) => seen.push(`${done} of ${total}`);
    const cut = await readLabelled(folder, { ...TEST, onProgress }, net);
    const reds = Array.from(await cut.x.data(), (value) => Math.round(255 * value)).filter((_, i) => i % 3 === 0);
    expect(reds.slice(0, 4).every((red) => Math.abs(red - 200) < 4)).toBe(true);
    expect(reds.slice(4)).toEqual([100, 100, 100, 100, 40, 40, 40, 40]);
    expect([seen, Array.from(cut.labels)]).toEqual([
      ['1 of 3', '2 of 3', '3 of 3'],
      [0, 0, 1],
    ]);
    expect(cut.notes).toEqual([
      expect.stringContaining(
        '2 images were brought to 2x2, their middle cut out where they have other proportions (--resize cover)',
      ),
      expect.stringContaining('1 image was gray, among others in colour'),
    ]);
    const barred = await readImages(folder, { ...TEST, resize: 'contain' }, net);
    expect(barred.notes[0]).toContain('with black bars');
    const values = Array.from(await barred.x.data());
    // 8 x 4 in 2 x 2 is one row of two, below a black one.
    expect(values.slice(0, 6).every((value) => value === 0)).toBe(true);
    tf.dispose([cut.x, barred.x]);
  });

  it('that cannot be read are named, with what to do', async () => {
    const net = await model(2);
    const noise = { type: 'gaussian', mean: 99, sigma: 30 } as const;
    const create = { width: 90, height: 90, channels: 3, background: 'red', noise } as const;
    const whole = await sharp({ create }).jpeg().toBuffer();
    const huge = png(1).slice();
    new DataView(huge.buffer).setUint32(16, 20_000);
    new DataView(huge.buffer).setUint32(20, 20_000);
    const cases = [
      ['a.jpg', whole.subarray(0, 1000), /a\.jpg is not a whole JPEG file, but one that cannot be decoded/],
      ['b.png', huge, /b\.png is not an image of 1 to 100 million pixels, but one of 20000 x 20000/],
      ['c.webp', Buffer.from('GIF89a'), /c\.webp is not a JPEG, PNG or WebP file/],
    ] as const;
    for (const [name, content, message] of cases)
      await expect(readImages(await lay({ [name]: content }), TEST, net)).rejects.toThrow(message);
  });

  it('are no longer read once the user stops', async () => {
    const folder = await lay({ 'a.png': png(1), 'b.png': png(2) });
    const net = await model(2);
    const stop = new AbortController();
    const reading = readImages(folder, { ...TEST, signal: stop.signal, onProgress: () => stop.abort() }, net);
    await expect(reading).rejects.toThrow('Images were still being read.');
  });
});

describe('matchClasses', () => {
  const match = (filled: string[], count: number, names?: string[], without: string[] = []) => {
    const { classes, notes } = matchClasses(filled, without, { count, names });
    return [...classes.entries(), ...notes];
  };

  it('takes the alphabet where the model does not name its classes and there are as many folders, and says so', () => {
    expect(match(['dog', 'cat'], 2)).toEqual([['cat', 0], ['dog', 1], expect.stringContaining('0 is cat, 1 is dog')]);
  });

  it('counts folders without images as classes only where there would be too few otherwise', () => {
    expect(match(['dog', 'ant'], 3, undefined, ['cat']).slice(0, 3)).toEqual([
      ['ant', 0],
      ['cat', 1],
      ['dog', 2],
    ]);
    expect(match(['dog', 'ant'], 2, undefined, ['cat']).slice(0, 2)).toEqual([
      ['ant', 0],
      ['dog', 1],
    ]);
    expect(() => match(['dog', 'ant'], 10)).toThrow('which is which cannot be told');
    expect(() => match(['dog', 'ant', 'bee'], 2)).toThrow('which is which cannot be told');
  });

  it('takes numbers as classes, and a whole list from 1 on as counted from 1', () => {
    expect(match(['0', '07', '3'], 8)).toEqual([
      ['0', 0],
      ['07', 7],
      ['3', 3],
    ]);
    expect(match(['2', '1', '3'], 3)).toEqual([['2', 1], ['1', 0], ['3', 2], expect.stringContaining('1 to 3')]);
    expect(() => match(['1', '3'], 3)).toThrow('classes of the model are 0 to 2');
    expect(() => match(['1', '01'], 3)).toThrow('the same number');
    expect(match(['0', '1'], 2, ['yes', 'no'])).toEqual([
      ['0', 0],
      ['1', 1],
    ]);
    expect(match(['0', '1'], 2, ['1', '0'])).toEqual([
      ['0', 1],
      ['1', 0],
    ]);
  });

  it('says that Keras would sort ten before two, where every class is there', () => {
    const numbers = Array.from({ length: 11 }, (_, k) => String(k));
    expect(match(numbers, 11).at(-1)).toContain('0, 1, 10, 2');
    expect(match(numbers.slice(0, 10), 10)).toHaveLength(10);
  });

  it('does not take one name for another that only looks alike', () => {
    expect(match(['a_b'], 2, ['a-b', 'a_b'])).toEqual([['a_b', 1]]);
    expect(() => match(['a b'], 2, ['a-b', 'a_b'])).toThrow('no class a b');
    expect(match(['-', '+'], 2, ['+', '-'])).toEqual([
      ['-', 1],
      ['+', 0],
    ]);
    expect(() => match(['*'], 2, ['+', '-'])).toThrow('no class *');
    expect(match(['a'], 2, ['a', 'b'], ['B', 'notes'])).toEqual([['a', 0], 'there are no images of the class B']);
  });
});

describe('arrays', () => {
  const x = npy('|u1', [2, 2, 2], [10, 0, 0, 0, 20, 0, 0, 0]);
  const images = [
    [1, 10],
    [0, 20],
  ];

  it('have classes as [N], as [N, 1], or as one-hot rows with a word', async () => {
    expect(await read(await lay({ 'x.npy': x, 'y.npy': npy('|u1', [2], [1, 0]) }), await model(2))).toEqual({
      images,
      notes: [],
    });
    expect(await read(await lay({ 'x.npy': x, 'y.npy': npy('|u1', [2, 1], [1, 0]) }), await model(2))).toEqual({
      images,
      notes: [],
    });
    const hot = await read(await lay({ 'x.npy': x, 'y.npy': npy('<f4', [2, 2], [0, 1, 1, 0]) }), await model(2));
    expect(hot).toEqual({ images, notes: [expect.stringContaining('one-hot')] });
    for (const wrong of [
      npy('<f4', [2, 2], [0, 1, 1, 1]),
      npy('<f4', [2, 2], [0.5, 0.5, 1, 0]),
      npy('<f4', [2, 2], [0, 1, 0, 0]),
      npy('|u1', [2, 3], [0, 1, 0, 1, 0, 0]),
      npy('<f4', [2], [0.5, 1]),
      npy('|u1', [3], [0, 1, 0]),
    ])
      await expect(read(await lay({ 'x.npy': x, 'y.npy': wrong }), await model(2))).rejects.toThrow('y.npy is [');
  });

  it('with channels first are turned for a model that has them last, with a word', async () => {
    const planes = npy('|u1', [1, 3, 2, 2], [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12]);
    const folder = await lay({ 'x.npy': planes });
    const turned = await readImages(folder, TEST, await model(2, undefined, [2, 2, 3]));
    const values = Array.from(await turned.x.data(), (value) => Math.round(255 * value));
    expect(values).toEqual([1, 5, 9, 2, 6, 10, 3, 7, 11, 4, 8, 12]);
    expect(turned.notes).toEqual([
      expect.stringContaining('[1, 3, 2, 2], channels first; the channels were moved last'),
    ]);
    const gray = await readImages(folder, TEST, await model(2, undefined, [2, 2, 1]));
    expect(gray.notes).toEqual([expect.anything(), expect.stringContaining('mixed to gray for the one channel')]);
    expect(Array.from(await gray.x.data(), (value) => Math.round(255 * value))).toEqual([5, 6, 7, 8]);
    const kept = await readImages(folder, TEST, await model(2, undefined, [3, 2, 2]));
    expect(Array.from(await kept.x.data(), (value) => Math.round(255 * value))).toEqual(
      [...Array(12).keys()].map((i) => i + 1),
    );
    const flat = await readImages(folder, TEST, await model(2, undefined, [12]));
    expect([kept.notes, flat.notes]).toEqual([
      [],
      [expect.stringContaining('the flat model was given them in this order')],
    ]);
    tf.dispose([turned.x, gray.x, kept.x, flat.x]);
  });

  it('of another height and width are refused though they have as many pixels', async () => {
    const folder = await lay({ 'x.npy': npy('|u1', [1, 1, 4], [1, 2, 3, 4]) });
    await expect(readImages(folder, TEST, await model(2))).rejects.toThrow('are 1x4, and the model takes 2x2x1');
    const row = await lay({ 'x.npy': npy('|u1', [1, 4], [1, 2, 3, 4]) });
    const { x: flat } = await readImages(row, TEST, await model(2));
    expect(flat.shape).toEqual([1, 2, 2, 1]);
    flat.dispose();
  });

  it('that are empty, or that two kinds of files claim, are refused; what lies beside is said', async () => {
    const pair = { 'test-images.idx': idx([1, 2, 2], [1, 2, 3, 4]), 'test-labels.idx': idx([1], [1]) };
    await expect(read(await lay({ 'x.npy': npy('|u1', [0, 2, 2], []) }), await model(2))).rejects.toThrow(
      'has no images',
    );
    await expect(read(await lay({ ...pair, 'test-x.npy': x }), await model(2))).rejects.toThrow('as IDX and as npy');
    const { notes } = await read(
      await lay({ ...pair, 'cats/a.png': png(1), 'b.png': png(1), '.git/c': 'x' }),
      await model(2),
    );
    expect(notes).toEqual(['the files of arrays were read, and not cats/, b.png beside them.']);
  });

  it('under the dotted names of MNIST, and with labels packed otherwise than the images, are read', async () => {
    const bytes = idx([2, 2, 2], [10, 0, 0, 0, 20, 0, 0, 0]);
    const labels = idx([2], [1, 0]);
    for (const [a, b] of [
      ['t10k-images.idx3-ubyte', 't10k-labels.idx1-ubyte'],
      ['t10k-images.idx3-ubyte', 't10k-labels-idx1-ubyte'],
      ['t10k-images-idx3-ubyte', 't10k-labels.idx1-ubyte.gz'],
      ['test-images.idx', 'test-labels.idx.gz'],
    ] as const) {
      const folder = await lay({ [a]: bytes, [b]: labels, [`._${a}`]: 'x', 'train-images.idx3-ubyte': empty });
      expect((await read(folder, await model(2))).images).toEqual(images);
    }
  });

  it('without their classes are refused where classes are needed, and leave nothing behind', async () => {
    const before = tf.memory().numTensors;
    for (const files of [{ 'x.npy': x }, { 'images.idx': idx([2, 2, 2], [...Array(8).keys()]) }, { 'a.png': png(1) }])
      await expect(read(await lay(files), await model(2))).rejects.toThrow('has images, but not their classes');
    expect(tf.memory().numTensors).toBe(before);
  });

  it('of bytes 0 and 1 alone are scaled as other bytes are, with a word', async () => {
    const folder = await lay({ 'x.npy': npy('|u1', [1, 4], [0, 1, 1, 0]), 'y.npy': npy('|u1', [1], [1]) });
    expect((await read(folder, await model(2))).notes).toEqual([
      'x.npy has bytes 0 and 1 alone, and 255 was taken for white.',
    ]);
  });
});

it('an evaluation says in its result what was not read of every set of images', async () => {
  const net = sequential({
    layers: [layers.flatten({ inputShape: [2, 2, 1] }), layers.dense({ units: 2, activation: 'softmax' })],
  });
  const at = await saveLayers(net, join(await lay({}), 'model'));
  net.dispose();
  const data = await lay({ '0/a.png': png(10), '0/b.bmp': 'x', '1/c.png': png(20) });
  const other = await lay({ 'd.png': png(30), 'e.gif': 'x' });
  const written: string[] = [];
  const stdout = { write: (text: string) => void written.push(text), isTTY: false, columns: 100 };
  const args = ['evaluate', at, '--data', data, '--ood', other, '--backend', 'cpu', '--json', '-'];
  await main(args, { stdout, stderr: { ...stdout, write: () => {} }, env: {} });
  const { notes } = JSON.parse(written.join(''));
  expect(notes).toContain(`${data}: 1 BMP file was not read, as only JPEG, PNG and WebP are.`);
  expect(notes).toContain(`${other}: 1 GIF file was not read, as only JPEG, PNG and WebP are.`);
});
