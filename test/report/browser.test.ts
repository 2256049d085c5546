import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { build } from 'esbuild';
import { type Browser, chromium } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { oodReportHtml, rayPlot } from '../../src/report';
import { BROWSER, hasChromium } from '../parity/chromium';
import { accessibilityFaults } from '../support/accessibilityFaults';
import { exampleReport } from './exampleReport';
import { readSvg, texts } from './readSvg';

if (!hasChromium)
  console.warn('\n*** No Chromium: reports in a browser are NOT TESTED. On Debian: apt-get install chromium ***\n');

declare global {
  /** What the tests put into pages. */
  var drawRays: typeof import('../../src/report').rayPlot;
}

const rays = [{ name: 'ReLU', alphas: [1, 1e6], confidences: [0.6, 1], limit: 1 }];

describe.skipIf(!hasChromium)('in a browser', () => {
  let browser: Browser;
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'report-'));
    browser = await chromium.launch({
      executablePath: BROWSER,
      args: ['--no-sandbox', '--disable-gpu', '--disable-background-networking'],
    });
  });
  afterAll(async () => {
    await browser.close();
    await rm(folder, { recursive: true });
  });

  /** Opens a file and notes what the page complains about and what it asks for besides that file. */
  async function open(name: string, text: string, look: { colorScheme?: 'light' | 'dark'; width?: number } = {}) {
    const file = join(folder, name);
    await writeFile(file, text);
    const { colorScheme = 'light', width = 1200 } = look;
    const page = await browser.newPage({ colorScheme, viewport: { width, height: 800 } });
    const complaints: string[] = [];
    page.on('console', (message) => complaints.push(message.text()));
    page.on('pageerror', (error) => complaints.push(error.message));
    const address = pathToFileURL(file).href;
    page.on('request', (request) => {
      if (request.url() !== address && !request.url().startsWith('data:')) complaints.push(request.url());
    });
    await page.goto(address);
    return { page, complaints };
  }

  test.each([
    ['light', 1200],
    ['dark', 390],
  ] as const)(
    'a report asks for nothing, reports no error and is accessible: %s, %i pixels wide',
    async (colorScheme, width) => {
      const html = await oodReportHtml(
        { plain: exampleReport(3), ACET: exampleReport(-2) },
        {
          verdict: { level: 'bad', text: 'Sure of noise.' },
          details: { seed: 1 },
          sections: [{ heading: 'Rays', pictures: [{ svg: await rayPlot(rays), alt: 'Confidence along a ray' }] }],
        },
      );
      const { page, complaints } = await open(`${colorScheme}.html`, html, { colorScheme, width });
      expect(await accessibilityFaults(page)).toEqual([]);
      expect(complaints).toEqual([]);
      const drawn = await page.evaluate(() => [...document.images].map(({ naturalWidth }) => naturalWidth));
      expect(drawn).toEqual([460, 460, 460, 460, 640]);
      expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBe(width);
    },
  );

  test('plots are drawn with the page’s own document, and the same as on Node', async () => {
    const { outputFiles } = await build({
      stdin: {
        contents: "import { rayPlot } from './index'; globalThis.drawRays = rayPlot;",
        resolveDir: fileURLToPath(new URL('../../src/report', import.meta.url)),
      },
      bundle: true,
      write: false,
      format: 'iife',
      target: 'es2022',
      // Not there in a browser; a plot that asked for it would fail.
      external: ['linkedom'],
    });
    const { page, complaints } = await open('blank.html', '<!doctype html><title>Blank</title>');
    await page.addScriptTag({ content: outputFiles[0]!.text });
    const svg = await page.evaluate((curves) => globalThis.drawRays(curves), rays);
    const [there, here] = [readSvg(svg), readSvg(await rayPlot(rays))];
    expect(texts(there)).toEqual(texts(here));
    expect([...there.querySelectorAll('path')].map((path) => path.getAttribute('d'))).toEqual(
      [...here.querySelectorAll('path')].map((path) => path.getAttribute('d')),
    );
    expect(complaints).toEqual([]);
  });
});
