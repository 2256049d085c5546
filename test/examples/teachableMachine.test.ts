import { copyFile, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import * as tf from '@tensorflow/tfjs-core';
import { build } from 'esbuild';
import { encode } from 'fast-png';
import { type Browser, chromium, type Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { classifier } from '../../src/classifier/classifier';
import { createRng } from '../../src/core/rng';
import { decodeImage } from '../../src/datasets/decodeImage';
import { type FittedUnknown, fitUnknown, type Prediction } from '../../src/detectors/index';
import { loadModel } from '../../src/models/loadModel';
import { BROWSER, FLAGS, hasChromium } from '../parity/chromium';
import { builtDemoPage } from '../support/builtDemoPage';
import { onBackend } from '../support/onBackend';
import { serveFolder } from '../support/serveFolder';
import { hasWildModel, wildModels } from '../support/wildModels';
import { writeZip } from '../support/writeZip';

const MODEL = 'teachable-machine-12';
const PHOTOS = join(process.env.RELU_DATA ?? '../shared/data', 'photos');
const EXAMPLES = fileURLToPath(new URL('../../examples/unknown/', import.meta.url));
const EXAMPLE = join(EXAMPLES, 'teachable-machine');

const classes = await readdir(join(PHOTOS, 'trash', 'train')).catch(() => []);
const ready = hasChromium && hasWildModel(MODEL) && classes.length > 0;
if (!ready)
  console.warn(
    `\n*** SKIPPED: the page of Teachable Machine takes Chromium, ${wildModels}/${MODEL} and ${PHOTOS} (RELU_WILD, RELU_DATA). ***\n`,
  );

/** The first photographs of every class of a part. */
const trash = (part: string, each: number) =>
  classes.flatMap((name) =>
    Array.from({ length: each }, (_, i) => join(PHOTOS, 'trash', part, name, `${String(i).padStart(3, '0')}.jpg`)),
  );
const OWN = trash('test', 1).slice(0, 3);
const INSECTS = Array.from({ length: 3 }, (_, i) => join(PHOTOS, 'insects', `00${i}.jpg`));

async function pixelsOf(files: readonly string[]): Promise<tf.Tensor4D> {
  const images = await Promise.all(files.map(async (file) => decodeImage(await readFile(file), { size: [224, 224] })));
  const values = Float32Array.from(Buffer.concat(images.map(({ pixels }) => pixels)), (value) => value / 127.5 - 1);
  return tf.tensor4d(values, [files.length, 224, 224, 3]);
}

/** What a page asks of others, and says where nobody looks. */
function watched(page: Page, origin: string) {
  const [strangers, said]: [string[], string[]] = [[], []];
  page.on('request', (request) => {
    const own = /^(blob|data):/.test(request.url()) || request.url().startsWith(origin);
    if (!own) strangers.push(request.url());
  });
  page.on('console', (message) => {
    // What Chromium says of WebGL on a CPU.
    if (!/GPU stall|swiftshader/i.test(message.text())) said.push(message.text());
  });
  page.on('pageerror', (error) => said.push(error.message));
  return { strangers, said };
}

describe.skipIf(!ready)('a model of Teachable Machine in Chromium', () => {
  let folder: string;
  let browser: Browser;
  let site: Awaited<ReturnType<typeof serveFolder>>;
  let labels: readonly string[];
  let expected: { readonly own: readonly Prediction[]; readonly insects: readonly Prediction[] };

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'teachable-'));
    const model = join(folder, 'my_model');
    await mkdir(model);
    for (const name of await readdir(join(wildModels, MODEL)))
      await copyFile(join(wildModels, MODEL, name), join(model, name));
    await copyFile(join(EXAMPLE, 'index.html'), join(folder, 'index.html'));
    await Promise.all([script(folder), library(folder), camera(folder)]);
    await onBackend('wasm', async () => {
      const { model: loaded, bounds, ...read } = await loadModel(model);
      labels = read.labels!;
      const net = classifier(loaded, { bounds: bounds!, labels });
      const x = await pixelsOf(trash('train', 20));
      const guard = await fitUnknown(net, x, { kinds: ['mean-knn'], seed: 0, batchSize: 32 });
      await writeFile(join(model, 'unknown.json'), JSON.stringify(guard.save()));
      expected = { own: await answers(guard, OWN), insects: await answers(guard, INSECTS) };
      x.dispose();
      loaded.dispose();
    });
    site = await serveFolder(folder);
    const video = `--use-file-for-fake-video-capture=${join(folder, 'camera.mjpeg')}`;
    const flags = ['--use-fake-device-for-media-stream', '--use-fake-ui-for-media-stream', video];
    browser = await chromium.launch({ executablePath: BROWSER, args: [...FLAGS, ...flags] });
  }, 240_000);
  afterAll(async () => {
    await browser?.close();
    site?.close();
    await rm(folder, { recursive: true });
  });

  async function answers(guard: FittedUnknown, files: readonly string[]): Promise<readonly Prediction[]> {
    const x = await pixelsOf(files);
    return guard.predict(x).finally(() => x.dispose());
  }

  /** The page, with what its script tag asks of the network answered from here. */
  async function open(): Promise<{ page: Page; seen: ReturnType<typeof watched> }> {
    const page = await browser.newPage();
    await page.route('https://cdn.jsdelivr.net/**', (route) =>
      route.request().url().endsWith('/@tensorflow/tfjs@4.22.0/dist/tf.min.js')
        ? route.fulfill({ path: join(folder, 'tf.js') })
        : route.abort(),
    );
    const seen = watched(page, site.origin);
    await page.goto(site.origin);
    return { page, seen };
  }

  /** Each class of the page with its probability. */
  async function shown(page: Page): Promise<Readonly<Record<string, number>>> {
    const lines = await page.locator('#label-container > div').allTextContents();
    return Object.fromEntries(lines.map((line) => [line.split(': ')[0]!, Number(line.split(': ')[1])]));
  }

  test('the exported page names photographs of trash and calls insects unknown', async () => {
    const { page, seen } = await open();
    const ask = async (file: string) => {
      await page.locator('#label-container').evaluate((list) => {
        for (const line of list.children) line.textContent = '';
      });
      await page.setInputFiles('#photo', file);
      await page.getByText(/^unknown: \d/).waitFor();
      return shown(page);
    };
    for (const [i, file] of [...OWN, ...INSECTS].entries()) {
      const { label, probabilities } = [...expected.own, ...expected.insects][i]!;
      const found = await ask(file);
      expect(Object.keys(found)).toEqual([...labels, 'unknown']);
      expect(found.unknown).toBe(label === 'unknown' ? 1 : 0);
      // JPEG is decoded by another library.
      for (const [k, name] of labels.entries())
        expect(Math.abs(found[name]! - (label === 'unknown' ? 0 : probabilities[k]!))).toBeLessThan(0.1);
    }
    const named = expected.own.filter(({ label }) => label !== 'unknown');
    expect(named.length).toBeGreaterThanOrEqual(OWN.length - 1);
    expect(expected.insects.filter(({ label }) => label === 'unknown').length).toBeGreaterThanOrEqual(
      INSECTS.length - 1,
    );
    expect(seen).toEqual({
      strangers: ['https://cdn.jsdelivr.net/npm/@tensorflow/tfjs@4.22.0/dist/tf.min.js'],
      said: [],
    });
    await page.close();
  }, 180_000);

  test('the exported page calls an insect in front of the webcam unknown', async () => {
    const { page, seen } = await open();
    await page.getByRole('button', { name: 'Start' }).click();
    await page.getByText('unknown: 1.00').waitFor();
    expect(Math.max(...Object.values(await shown(page)).slice(0, -1))).toBe(0);
    expect(seen.said).toEqual([]);
    await page.close();
  });

  // On webgl and webgpu the tab is tried with a small model, in unknownTab.test.ts: here they are imitated, slowly, by the CPU.
  test('its zip, dropped with 12 photographs, makes a classifier that calls noise unknown', async () => {
    const entries = await Promise.all(
      ['metadata.json', 'model.json', 'weights.bin'].map(async (name) => ({
        name,
        content: await readFile(join(wildModels, MODEL, name)),
      })),
    );
    const demo = await serveFolder(await builtDemoPage());
    const page = await browser.newPage();
    const seen = watched(page, demo.origin);
    await page.goto(`${demo.origin}/#yours`);
    const buffer = Buffer.from(writeZip(entries));
    await page.setInputFiles('#model', { name: 'converted_keras.zip', mimeType: 'application/zip', buffer });
    await page.getByText('12 classes. It is over 99 % sure of noise.').waitFor({ timeout: 100_000 });
    await page.setInputFiles('#photos', trash('train', 2));
    await page.getByText('Ready: it keeps').waitFor({ timeout: 200_000 });
    await page.setInputFiles('#picture', { name: 'noise.png', mimeType: 'image/png', buffer: noise() });
    await page.getByText(/^The model alone is (over 99|100)\s% sure that it is/).waitFor();
    expect(await page.locator('#answer').textContent()).toBe('unknown');
    expect(seen).toEqual({ strangers: [], said: [] });
    await page.close();
    demo.close();
  }, 400_000);
});

/** A picture of uniform noise. */
function noise(): Buffer {
  const rng = createRng(1);
  const data = new Uint8Array(3 * 224 * 224).map(() => rng.integer(256));
  return Buffer.from(encode({ width: 224, height: 224, channels: 3, data }));
}

/** The script of the page, made by the command that the README has. */
async function script(folder: string): Promise<void> {
  const readme = await readFile(join(EXAMPLES, 'README.md'), 'utf8');
  const [, command] = /```sh\n(npx esbuild [\s\S]+?)```/.exec(readme) ?? [];
  const words = command!.replaceAll('\\\n', ' ').split(/\s+/).filter(Boolean);
  const value = (option: string) => words.find((word) => word.startsWith(`--${option}=`))!.slice(option.length + 3);
  const alias = words.flatMap((word) => /^--alias:([^=]+)=(.+)$/.exec(word)?.slice(1) ?? []);
  await build({
    entryPoints: [words[2]!],
    bundle: true,
    minify: words.includes('--minify'),
    format: value('format') as 'iife',
    globalName: value('global-name'),
    alias: Object.fromEntries(alias.flatMap((name, i) => (i % 2 === 0 ? [[name, alias[i + 1]!]] : []))),
    outfile: join(folder, 'unknown.js'),
    logLevel: 'error',
  });
}

/** What the script tag of tfjs makes, of its parts: the package of everything is not installed here. */
async function library(folder: string): Promise<void> {
  await build({
    stdin: {
      contents: ['core', 'layers', 'backend-webgl'].map((part) => `export * from '@tensorflow/tfjs-${part}';`).join(''),
      resolveDir: EXAMPLE,
    },
    bundle: true,
    format: 'iife',
    globalName: 'tf',
    outfile: join(folder, 'tf.js'),
    logLevel: 'error',
  });
}

/** A webcam that sees an insect: its picture, again and again. */
async function camera(folder: string): Promise<void> {
  await writeFile(join(folder, 'camera.mjpeg'), Buffer.concat(Array(10).fill(await readFile(INSECTS[0]!))));
}
