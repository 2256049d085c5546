import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { loadDataset } from '../../src/datasets';
import { expectRefusal } from '../support/expectRefusal';
import { numpyFile } from './fixtures/numpyFiles';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'datasets-'));
});
afterAll(() => rm(folder, { recursive: true }));

/** Writes a file below a folder of its own for this test and returns that folder. */
async function lay(name: string, files: Readonly<Record<string, Uint8Array>>): Promise<string> {
  for (const [path, bytes] of Object.entries(files)) {
    const target = join(folder, name, path);
    await mkdir(dirname(target), { recursive: true });
    await writeFile(target, bytes);
  }
  return join(folder, name);
}

/** An IDX file of bytes. */
function idx(shape: readonly number[], body: readonly number[]): Uint8Array {
  const header = Buffer.alloc(4 + 4 * shape.length);
  header[2] = 8;
  header[3] = shape.length;
  for (const [i, size] of shape.entries()) header.writeUInt32BE(size, 4 + 4 * i);
  return new Uint8Array(Buffer.concat([header, Uint8Array.from(body)]));
}

const gz = (bytes: Uint8Array) => new Uint8Array(gzipSync(bytes, { level: 1 }));
const pair = (images: string, labels: string, label: number) => ({
  [images]: gz(idx([1, 2, 2], [1, 2, 3, 4])),
  [labels]: gz(idx([1], [label])),
});
/** The two images above. */
const upright = { shape: [1, 2, 2, 1], pixels: new Uint8Array([1, 2, 3, 4]) };

/** A tar archive of plain files in the ustar format. */
function tar(files: Readonly<Record<string, Uint8Array>>): Uint8Array {
  const parts = Object.entries(files).flatMap(([name, bytes]) => {
    const header = Buffer.alloc(512);
    header.write(name);
    header.write(`${bytes.length.toString(8).padStart(11, '0')} `, 124);
    header.write('0ustar\u000000', 156);
    header.fill(' ', 148, 156);
    const sum = header.reduce((a, b) => a + b);
    header.write(`${sum.toString(8).padStart(6, '0')}\u0000 `, 148);
    return [header, bytes, Buffer.alloc((512 - (bytes.length % 512)) % 512)];
  });
  return new Uint8Array(Buffer.concat([...parts, Buffer.alloc(1024)]));
}

/** A whole file of CIFAR with one label everywhere but in its first record. */
function cifar(images: number, labelBytes: number, first: number): Uint8Array {
  const bytes = new Uint8Array(images * (3072 + labelBytes));
  bytes[labelBytes - 1] = first;
  bytes[labelBytes] = 200;
  return bytes;
}

describe('loadDataset', () => {
  it('reads pairs of IDX files, gzipped or not, by the name of their part', async () => {
    const at = await lay('idx', {
      ...pair('omniglot28/test-images.idx.gz', 'omniglot28/test-labels.idx.gz', 3),
      'omniglot28/latin-images.idx': idx([1, 1, 1, 3], [7, 8, 9]),
      'omniglot28/readme.txt': new Uint8Array(),
    });
    expect(await loadDataset(at, 'omniglot28', { part: 'test' })).toEqual({ ...upright, labels: new Int32Array([3]) });
    expect(await loadDataset(at, 'omniglot28', { part: 'latin', labels: 'optional' })).toEqual({
      shape: [1, 1, 1, 3],
      pixels: new Uint8Array([7, 8, 9]),
    });
  });

  it("takes the part 'test' unless told otherwise, or the only part there is", async () => {
    const at = await lay('default', {
      ...pair('mnist/train-images.idx.gz', 'mnist/train-labels.idx.gz', 1),
      ...pair('mnist/test-images.idx.gz', 'mnist/test-labels.idx.gz', 2),
      ...pair('digits/images.idx.gz', 'digits/labels.idx.gz', 5),
    });
    expect((await loadDataset(at, 'mnist')).labels).toEqual(new Int32Array([2]));
    expect((await loadDataset(at, 'digits')).labels).toEqual(new Int32Array([5]));
    expect((await loadDataset(at, 'digits', { part: 'all' })).labels).toEqual(new Int32Array([5]));
  });

  it("reads MNIST's own names, t10k being the test part", async () => {
    const at = await lay('ubyte', {
      ...pair('mnist/t10k-images-idx3-ubyte.gz', 'mnist/t10k-labels-idx1-ubyte.gz', 7),
      ...pair('fashion-mnist/train-images-idx3-ubyte.gz', 'fashion-mnist/train-labels-idx1-ubyte.gz', 9),
    });
    expect((await loadDataset(at, 'mnist', { part: 'test' })).labels).toEqual(new Int32Array([7]));
    expect((await loadDataset(at, 'fashion-mnist')).labels).toEqual(new Int32Array([9]));
  });

  it('finds unpacked files with a dot in their names, and labels packed otherwise than their images', async () => {
    const [images, labels] = [idx([1, 2, 2], [1, 2, 3, 4]), idx([1], [6])];
    const names = [
      ['mnist/t10k-images.idx3-ubyte', 'mnist/t10k-labels.idx1-ubyte'],
      ['mnist/t10k-images.idx3-ubyte.gz', 'mnist/t10k-labels-idx1-ubyte'],
      ['mnist/t10k-images-idx3-ubyte', 'mnist/t10k-labels.idx1-ubyte.gz'],
      ['mnist/test-images.idx', 'mnist/test-labels.idx.gz'],
      ['mnist/test-images.idx.gz', 'mnist/test-labels.idx'],
    ] as const;
    for (const [i, pair] of names.entries()) {
      const packed = (name: string, bytes: Uint8Array) => ({ [name]: name.endsWith('.gz') ? gz(bytes) : bytes });
      const at = await lay(`dots${i}`, { ...packed(pair[0], images), ...packed(pair[1], labels) });
      expect(await loadDataset(at, 'mnist')).toEqual({ ...upright, labels: new Int32Array([6]) });
    }
    const at = await lay('dotted-emnist', {
      'emnist-letters-test-images.idx3-ubyte': images,
      'emnist-letters-test-labels.idx1-ubyte': labels,
    });
    expect((await loadDataset(at, 'emnist')).labels).toEqual(new Int32Array([5]));
  });

  it('passes over what macOS, Windows and Jupyter leave in a folder', async () => {
    const at = await lay('hidden', {
      ...pair('digits/images.idx.gz', 'digits/labels.idx.gz', 5),
      'digits/._images.idx.gz': new Uint8Array(3),
      'digits/._test-images.idx.gz': new Uint8Array(3),
      'digits/.ipynb_checkpoints/x-images.idx.gz': new Uint8Array(3),
      'digits/Thumbs.db': new Uint8Array(3),
    });
    expect((await loadDataset(at, 'digits')).labels).toEqual(new Int32Array([5]));
  });

  it('refuses images without their labels unless these are optional', async () => {
    const images = idx([1, 2, 2], [1, 2, 3, 4]);
    const at = await lay('unlabelled', { 'mnist/t10k-images-idx3-ubyte': images, 'digits/images.idx': images });
    const refusal = { code: 'INVALID_DATA', fn: 'loadDataset', argument: 'folder' } as const;
    for (const name of ['mnist', 'digits'] as const) {
      await expectRefusal(() => loadDataset(at, name), refusal);
      expect(await loadDataset(at, name, { labels: 'optional' })).toEqual(upright);
    }
    const wrong = { ...refusal, code: 'INVALID_OPTION', argument: 'labels' } as const;
    await expectRefusal(() => loadDataset(at, 'mnist', { labels: 'maybe' as never }), wrong);
  });

  it('turns EMNIST upright and counts its letters from 0', async () => {
    const names = (part: string) =>
      [`gzip/emnist-${part}-images-idx3-ubyte.gz`, `gzip/emnist-${part}-labels-idx1-ubyte.gz`] as const;
    const at = await lay('emnist', { ...pair(...names('letters-test'), 26), ...pair(...names('digits-test'), 9) });
    const letters = await loadDataset(at, 'emnist', { part: 'letters-test' });
    expect(letters).toEqual({ ...upright, pixels: new Uint8Array([1, 3, 2, 4]), labels: new Int32Array([25]) });
    expect((await loadDataset(at, 'emnist', { part: 'digits-test' })).labels).toEqual(new Int32Array([9]));
  });

  it('reads SVHN', async () => {
    const at = await lay('svhn', { 'svhn/train_32x32.mat': numpyFile('svhn') });
    expect((await loadDataset(at, 'svhn', { part: 'train' })).labels).toEqual(new Int32Array([0, 1, 9]));
  });

  it('reads CIFAR-100 from its folder and CIFAR-10 from its archive', async () => {
    const archive = tar({
      'cifar-10-batches-bin/test_batch.bin': cifar(10_000, 1, 6),
      'cifar-10-batches-bin/readme.html': new Uint8Array(3),
    });
    const at = await lay('cifar', {
      'cifar100/cifar-100-binary/test.bin': cifar(10_000, 2, 99),
      'cifar10/cifar-10-binary.tar.gz': gz(archive),
    });
    for (const [name, label] of [
      ['cifar100', 99],
      ['cifar10', 6],
    ] as const) {
      const { shape, labels, pixels } = await loadDataset(at, name, { part: 'test' });
      expect(shape).toEqual([10_000, 32, 32, 3]);
      expect([...labels!.slice(0, 2), pixels[0], pixels[1]]).toEqual([label, 0, 200, 0]);
    }
    const missing = 'cifar10/cifar-10-binary.tar.gz/cifar-10-batches-bin/data_batch_1.bin';
    await expectRefusal(() => loadDataset(at, 'cifar10', { part: 'train' }), {
      code: 'INVALID_DATA',
      fn: 'loadDataset',
      argument: missing,
    });
  });

  it('joins the five training batches of CIFAR-10 in order', async () => {
    const batches = [1, 2, 3, 4, 5].map((i) => [`cifar-10-batches-bin/data_batch_${i}.bin`, cifar(10_000, 1, i)]);
    const at = await lay('batches', Object.fromEntries(batches));
    const { shape, labels } = await loadDataset(at, 'cifar10', { part: 'train' });
    expect(shape).toEqual([50_000, 32, 32, 3]);
    expect([0, 1, 2, 3, 4].map((i) => labels![10_000 * i])).toEqual([1, 2, 3, 4, 5]);
  });

  it('names the file that is damaged, cut, or no pair', async () => {
    const whole = gz(idx([1, 2, 2], [1, 2, 3, 4]));
    const at = await lay('damaged', {
      'mnist/flipped-images.idx.gz': whole.map((byte, i) => (i === whole.length - 6 ? byte ^ 8 : byte)),
      'mnist/cut-images.idx.gz': whole.slice(0, -1),
      'mnist/unpaired-images.idx.gz': whole,
      'mnist/unpaired-labels.idx.gz': gz(idx([2], [1, 2])),
      'cifar10/cifar-10-batches-bin/test_batch.bin': cifar(9_999, 1, 0),
      'cifar100/cifar-100-binary.tar.gz': gz(tar({ 'cifar-100-binary/test.bin': new Uint8Array(600) })).slice(0, -20),
      'svhn/test_32x32.mat': numpyFile('svhnUnpaired'),
    });
    const damaged = (argument: string) => ({ code: 'INVALID_DATA', fn: 'loadDataset', argument }) as const;
    for (const [part, file] of [
      ['flipped', 'flipped-images'],
      ['cut', 'cut-images'],
      ['unpaired', 'unpaired-labels'],
    ] as const)
      await expectRefusal(
        () => loadDataset(at, 'mnist', { part, labels: 'optional' }),
        damaged(`mnist/${file}.idx.gz`),
      );
    await expectRefusal(() => loadDataset(at, 'cifar10'), damaged('cifar10/cifar-10-batches-bin/test_batch.bin'));
    await expectRefusal(() => loadDataset(at, 'cifar100'), damaged('cifar100/cifar-100-binary.tar.gz'));
    await expectRefusal(() => loadDataset(at, 'svhn'), damaged('svhn/test_32x32.mat'));
  });

  it('refuses a damaged tar archive', async () => {
    const archive = tar({ 'cifar-100-binary/test.bin': new Uint8Array(600) });
    const at = await lay('tar', {
      'cifar100/cifar-100-binary.tar.gz': gz(archive.map((byte, i) => (i === 5 ? byte ^ 1 : byte))),
    });
    const refusal = { code: 'INVALID_DATA', fn: 'loadDataset', argument: 'cifar100/cifar-100-binary.tar.gz' } as const;
    await expectRefusal(() => loadDataset(at, 'cifar100'), refusal);
    await lay('tar', { 'cifar100/cifar-100-binary.tar.gz': gz(archive.slice(0, 700)) });
    await expectRefusal(() => loadDataset(at, 'cifar100'), refusal);
  });

  it('says which parts there are where the one asked for is not', async () => {
    const at = await lay('parts', {
      ...pair('mnist/a-images.idx.gz', 'mnist/a-labels.idx.gz', 1),
      ...pair('mnist/b-images.idx', 'x', 1),
    });
    const refusal = { code: 'INVALID_OPTION', fn: 'loadDataset', argument: 'part' } as const;
    await expectRefusal(() => loadDataset(at, 'mnist', { part: 'test' }), refusal);
    await expectRefusal(() => loadDataset(at, 'mnist'), refusal);
    await expect(loadDataset(at, 'mnist')).rejects.toThrow('one of "a", "b"');
    await expectRefusal(() => loadDataset(join(folder, 'nowhere'), 'mnist'), refusal);
  });

  it('refuses other arguments', async () => {
    const refusal = { code: 'INVALID_OPTION', fn: 'loadDataset', argument: 'name' } as const;
    await expectRefusal(() => loadDataset(folder, 'imagenet' as never), refusal);
    await expectRefusal(() => loadDataset(folder, 'mnist', { parts: 'test' } as never), {
      ...refusal,
      argument: 'options',
    });
    await expectRefusal(() => loadDataset('', 'mnist'), { ...refusal, code: 'INVALID_ARGUMENT', argument: 'folder' });
  });
});
