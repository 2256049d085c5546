import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { layers, sequential } from '@tensorflow/tfjs-layers';
import { encode } from 'fast-png';
import { type Browser, chromium, type Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createRng } from '../../src/core/rng';
import { saveLayers } from '../cli/savedModels';
import { BROWSER, FLAGS, hasChromium } from '../parity/chromium';
import { accessibilityFaults, faultsInEveryLook } from '../support/accessibilityFaults';
import { builtDemoPage } from '../support/builtDemoPage';
import { serveFolder } from '../support/serveFolder';
import { seedWeights } from '../support/smallModels';
import { writeZip } from '../support/writeZip';

if (!hasChromium) console.warn('\n*** No Chromium: the tab "Your model" of the demo page is NOT TESTED. ***\n');

declare global {
  /** Where tfjs keeps its state in a page. */
  var _tfengine: { readonly backendName: string; readonly state: { readonly numTensors: number } };
}

/** A file as it is chosen. */
interface Chosen {
  readonly name: string;
  readonly mimeType: string;
  readonly buffer: Buffer;
}

/** A picture of a bright square in one of two corners, or of noise. */
function picture(i: number, noise = false): Chosen {
  const rng = createRng(i);
  const data = new Uint8Array(3 * 256).map((_, p) => {
    const [y, x] = [Math.floor(p / 48), Math.floor((p % 48) / 3)];
    const inside = i % 2 === 0 ? y < 8 && x < 8 : y >= 8 && x >= 8;
    return noise ? rng.integer(256) : (inside ? 180 : 0) + rng.integer(40);
  });
  const file = encode({ width: 16, height: 16, channels: 3, data });
  return { name: `${i}.png`, mimeType: 'image/png', buffer: Buffer.from(file) };
}

const pictures = (count: number) => Array.from({ length: count }, (_, i) => picture(i));

/** A small network as Teachable Machine exports one. */
async function archive(folder: string, labels: readonly string[]): Promise<Chosen> {
  const model = sequential({
    layers: [
      layers.conv2d({ inputShape: [16, 16, 3], filters: 8, kernelSize: 3, strides: 2, activation: 'relu' }),
      layers.conv2d({ filters: 12, kernelSize: 3, strides: 2, activation: 'relu' }),
      layers.flatten(),
      layers.dense({ units: 10, activation: 'relu' }),
      layers.dense({ units: labels.length, activation: 'softmax' }),
    ],
  });
  await saveLayers(seedWeights(model, 3), folder);
  const metadata = JSON.stringify({ packageName: '@teachablemachine/image', labels });
  await writeFile(join(folder, 'metadata.json'), metadata);
  const names = ['metadata.json', 'model.json', 'weights.bin'];
  const entries = await Promise.all(names.map(async (name) => ({ name, content: await readFile(join(folder, name)) })));
  return { name: 'model.zip', mimeType: 'application/zip', buffer: Buffer.from(writeZip(entries)) };
}

describe.skipIf(!hasChromium)('the tab "Your model" of the demo page', () => {
  let folder: string;
  let zip: Chosen;
  let site: Awaited<ReturnType<typeof serveFolder>>;
  let browser: Browser;
  let page: Page;
  const requests: string[] = [];
  const complaints: string[] = [];

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'unknown-tab-'));
    zip = await archive(join(folder, 'model'), ['left', 'right']);
    site = await serveFolder(await builtDemoPage());
    const camera = ['--use-fake-device-for-media-stream', '--use-fake-ui-for-media-stream'];
    browser = await chromium.launch({ executablePath: BROWSER, args: [...FLAGS, ...camera] });
    page = await browser.newPage({ viewport: { width: 1280, height: 900 } });
    page.setDefaultTimeout(50_000);
    page.on('request', (request) => {
      requests.push(request.url());
    });
    page.on('console', (message) => {
      // What Chromium says of WebGL on a CPU.
      if (!/GPU stall|swiftshader/i.test(message.text())) complaints.push(message.text());
    });
    page.on('pageerror', ({ message }) => complaints.push(message));
    await page.goto(`${site.origin}/#yours`);
    await page.locator('#map-acet dd').first().waitFor({ state: 'attached' });
  }, 180_000);
  afterAll(async () => {
    await browser?.close();
    site?.close();
    await rm(folder, { recursive: true });
  });

  const text = async (selector: string) => (await page.locator(selector).textContent())!.replaceAll('\u00a0', ' ');
  const said = (words: string | RegExp) => page.getByText(words).waitFor();
  const computesOn = (backend: string) => page.locator('#backend').selectOption(backend);
  const tensors = () => page.evaluate(() => globalThis._tfengine.state.numTensors);

  /** Expects nothing of axe, and no page wider than the screen, in the state that the page is in. */
  const expectAccessible = async () => expect(await faultsInEveryLook(page)).toEqual([]);

  /** Empties an element, so that what it says next is new. */
  const forget = (selector: string) =>
    page.locator(selector).evaluate((element) => {
      element.textContent = '';
    });

  /** What the tab says of a picture. */
  async function answer(file: Chosen): Promise<string> {
    await page.locator('#verdict-yours').evaluate((verdict) => {
      (verdict as HTMLElement).hidden = true;
    });
    await page.setInputFiles('#picture', file);
    await page.locator('#verdict-yours').waitFor();
    expect(await text('#sure')).toMatch(/^The model alone is (over )?\d+ % sure that it is (left|right)\.$/);
    return `${await text('#answer')}: ${await text('#reason')}`;
  }

  async function expectRightAnswers(): Promise<void> {
    expect(await answer(picture(101, true))).toMatch(/^unknown: It (looks like no training image|lies between)/);
    const own: string[] = [];
    for (const i of [100, 102, 103, 105]) own.push(await answer(picture(i)));
    expect(own.filter((words) => /^(left|right): It looks like the/.test(words)).length).toBeGreaterThanOrEqual(3);
  }

  /** Drops files or folders of the disk on the card of an input, as a visitor does. */
  async function drop(id: string, paths: readonly string[]): Promise<void> {
    const box = (await page.locator(`.card:has(#${id})`).boundingBox())!;
    const session = await page.context().newCDPSession(page);
    for (const type of ['dragEnter', 'dragOver', 'drop'] as const)
      await session.send('Input.dispatchDragEvent', {
        type,
        x: box.x + box.width / 2,
        y: box.y + 20,
        data: { items: [], files: [...paths], dragOperationsMask: 1 },
      });
    await session.detach();
  }

  test('shows no picture and fetches nothing of its own before it is used', async () => {
    for (const id of ['#shown', '#video', '#verdict-yours', '#audit', '#refused', '#download'])
      expect(await page.locator(id).isVisible()).toBe(false);
    expect(requests.filter((url) => /yourModel|makeGuard|detectors/.test(url))).toEqual([]);
    // A graphics card that the processor imitates is no help to a large network.
    expect(await page.locator('#backend').inputValue()).toBe('wasm');
  });

  test('says in words, beside the input, what is wrong with a file', async () => {
    await page.setInputFiles('#photos', pictures(12));
    await said('Choose the model first.');
    await page.setInputFiles('#picture', picture(1));
    await said('Choose the model and photographs first.');
    await page.setInputFiles('#model', picture(1));
    await said(/^Expected the bytes of a zip archive with a model, got something else\. Pass the archive/);
    await page.setInputFiles('#model', await archive(join(folder, 'one'), ['alone']));
    await said('This model has one class only, alone.');
    await page.setInputFiles('#model', zip);
    await said('2 classes. It is');
    await page.setInputFiles('#photos', pictures(4));
    await said('10 photographs or more are needed, and 4 could be read.');
    await page.setInputFiles('#photos', { ...zip, name: 'notes.txt' });
    await said('10 photographs or more are needed, and none could be read.');
    await expectAccessible();
  });

  test('makes a classifier of a zip and photographs that refuses noise, and sends nothing away', async () => {
    await forget('#loaded');
    await page.setInputFiles('#model', zip);
    await said('2 classes. It is');
    expect(await text('#classes')).toBe('left, right');
    expect(await page.locator('#audit td:visible').allInnerTexts()).toHaveLength(3);
    await page.setInputFiles('#photos', pictures(40));
    await said('Ready: it keeps');
    for (const shown of await page.locator('#audit td:visible, #refused td').allTextContents())
      expect(shown).toMatch(/^(over )?\d+\u00a0%$/);
    expect(await page.locator('#audit td:visible').count()).toBe(4);
    expect(await page.locator('#refused th').allTextContents()).toContain('pixels shuffled');
    await expectRightAnswers();
    await expectAccessible();
    const [download] = await Promise.all([page.waitForEvent('download'), page.locator('#download').click()]);
    expect(download.suggestedFilename()).toBe('unknown.json');
    expect(JSON.parse(await readFile(await download.path(), 'utf8')).labels).toEqual(['left', 'right']);
    expect(requests.filter((url) => !/^(blob|data):/.test(url) && !url.startsWith(site.origin))).toEqual([]);
  });

  test('makes it anew of the same files on webgl, on webgpu and on wasm again, with nothing left over', async () => {
    const before = await tensors();
    for (const backend of ['webgl', 'webgpu', 'wasm']) {
      await forget('#fitted');
      await computesOn(backend);
      await said('Ready: it keeps');
      expect(await page.evaluate(() => globalThis._tfengine.backendName)).toBe(backend);
      await expectRightAnswers();
      // The other tabs stay on theirs.
      await page.locator('#tab-moons').click();
      expect(await page.locator('#backend').inputValue()).toBe('wasm');
      await page.locator('#tab-yours').click();
      expect(await page.locator('#backend').inputValue()).toBe(backend);
    }
    expect(await tensors()).toBe(before);
  }, 120_000);

  test('leaves off learning when another backend is chosen, and begins again there', async () => {
    await page.setInputFiles('#photos', pictures(120));
    await computesOn('cpu');
    await expect.poll(() => page.evaluate(() => globalThis._tfengine.backendName)).toBe('cpu');
    expect(await accessibilityFaults(page)).toEqual([]);
    await said('Ready: it keeps');
    expect(await text('#photos-fault')).toBe('');
    await forget('#fitted');
    await computesOn('wasm');
    await said('Ready: it keeps');
  });

  test('takes a model and a folder of photographs that are dropped, and says what it left out', async () => {
    const photographs = join(folder, 'photographs');
    await mkdir(join(photographs, 'left'), { recursive: true });
    for (const { name, buffer } of pictures(20)) await writeFile(join(photographs, 'left', name), buffer);
    await writeFile(join(photographs, 'notes.txt'), 'no picture');
    await forget('#loaded');
    await drop(
      'model',
      ['metadata.json', 'model.json', 'weights.bin'].map((name) => join(folder, 'model', name)),
    );
    await said('2 classes. It is');
    expect(await text('#fitted')).toBe('');
    await drop('photos', [photographs]);
    await said('Ready: it keeps');
    expect(await text('#photos-fault')).toBe('Left out, not a picture: notes.txt.');
  });

  test('answers what the webcam sees until it is stopped, or the tab is left', async () => {
    for (const stop of ['#webcam', '#tab-moons']) {
      await page.locator('#webcam').click();
      await page.locator('#verdict-yours').waitFor();
      expect(await page.locator('#video').isVisible()).toBe(true);
      expect(await accessibilityFaults(page)).toEqual([]);
      await page.locator(stop).click();
      await page.locator('#tab-yours').click();
      expect(await text('#webcam')).toBe('Webcam');
      expect(await page.locator('#video').isVisible()).toBe(false);
    }
  });

  test('reports no error and says nothing in the console', async () => {
    expect(await page.locator('#failure').isVisible()).toBe(false);
    expect(complaints).toEqual([]);
  });
});
