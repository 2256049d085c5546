import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { layers, sequential } from '@tensorflow/tfjs-layers';
import { encode } from 'fast-png';
import { type Browser, chromium } from 'playwright-core';
import { build } from 'vite';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createRng } from '../../src/core/rng';
import { saveLayers } from '../cli/savedModels';
import { BROWSER, FLAGS, hasChromium } from '../parity/chromium';
import { serveFolder } from '../support/serveFolder';
import { seedWeights } from '../support/smallModels';
import { writeZip } from '../support/writeZip';

if (!hasChromium) console.warn('\n*** No Chromium: the page for unknown is NOT TESTED. ***\n');

/** A picture of a bright square in one of two corners, or of noise. */
function picture(i: number, noise = false): { name: string; mimeType: string; buffer: Buffer } {
  const rng = createRng(i);
  const data = new Uint8Array(3 * 256).map((_, p) => {
    const [y, x] = [Math.floor(p / 48), Math.floor((p % 48) / 3)];
    const inside = i % 2 === 0 ? y < 8 && x < 8 : y >= 8 && x >= 8;
    return noise ? rng.integer(256) : (inside ? 180 : 0) + rng.integer(40);
  });
  const file = encode({ width: 16, height: 16, channels: 3, data });
  return { name: `${i}.png`, mimeType: 'image/png', buffer: Buffer.from(file) };
}

describe.skipIf(!hasChromium)('the page for unknown', () => {
  let folder: string;
  let zip: Buffer;
  let site: Awaited<ReturnType<typeof serveFolder>>;
  let browser: Browser;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'unknown-page-'));
    const configFile = fileURLToPath(new URL('../../examples/unknown/page/vite.config.ts', import.meta.url));
    await build({ configFile, logLevel: 'error', build: { outDir: join(folder, 'page'), minify: false } });
    const model = sequential({
      layers: [
        layers.conv2d({ inputShape: [16, 16, 3], filters: 8, kernelSize: 3, strides: 2, activation: 'relu' }),
        layers.conv2d({ filters: 12, kernelSize: 3, strides: 2, activation: 'relu' }),
        layers.flatten(),
        layers.dense({ units: 10, activation: 'relu' }),
        layers.dense({ units: 2, activation: 'softmax' }),
      ],
    });
    await saveLayers(seedWeights(model, 3), join(folder, 'model'));
    const metadata = { packageName: '@teachablemachine/image', labels: ['left', 'right'] };
    zip = Buffer.from(
      writeZip([
        { name: 'metadata.json', content: Buffer.from(JSON.stringify(metadata)) },
        { name: 'model.json', content: await readFile(join(folder, 'model', 'model.json')) },
        { name: 'weights.bin', content: await readFile(join(folder, 'model', 'weights.bin')) },
      ]),
    );
    site = await serveFolder(join(folder, 'page'));
    browser = await chromium.launch({ executablePath: BROWSER, args: [...FLAGS] });
  }, 180_000);
  afterAll(async () => {
    await browser?.close();
    site?.close();
    await rm(folder, { recursive: true });
  });

  test.each(['webgl', 'wasm', 'webgpu'])(
    'makes a classifier of a dropped zip and photographs that refuses noise, on %s, and sends nothing away',
    async (backend) => {
      const page = await browser.newPage();
      const strangers: string[] = [];
      page.on('request', (request) => {
        if (!/^(blob|data):/.test(request.url()) && !request.url().startsWith(site.origin))
          strangers.push(request.url());
      });
      await page.goto(`${site.origin}/?backend=${backend}`);
      // Neither takes any room before there is a picture.
      for (const id of ['#shown', '#video']) expect(await page.locator(id).isVisible()).toBe(false);
      await page.setInputFiles('#model', { name: 'model.zip', mimeType: 'application/zip', buffer: zip });
      await page.getByText('2 classes. It is').waitFor({ timeout: 50_000 });
      await page.setInputFiles(
        '#photos',
        Array.from({ length: 40 }, (_, i) => picture(i)),
      );
      await page.getByText('Ready: it keeps').waitFor({ timeout: 50_000 });
      const answer = async (file: ReturnType<typeof picture>) => {
        await page.locator('#answer').evaluate((output) => {
          output.textContent = '';
        });
        await page.setInputFiles('#picture', file);
        await page.getByText('the model alone is').waitFor({ timeout: 50_000 });
        return (await page.locator('#answer').textContent())!;
      };
      expect(await answer(picture(101, true))).toMatch(/^unknown .*: it (looks like no training image|lies between)/);
      const own: string[] = [];
      for (const i of [100, 102, 103, 105]) own.push(await answer(picture(i)));
      expect(own.filter((text) => /^(left|right) /.test(text)).length).toBeGreaterThanOrEqual(3);
      const [download] = await Promise.all([page.waitForEvent('download'), page.locator('#download').click()]);
      expect(download.suggestedFilename()).toBe('unknown.json');
      expect(strangers).toEqual([]);
      await page.close();
    },
  );
});
