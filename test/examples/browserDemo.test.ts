import { type Browser, chromium, type Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { BROWSER, hasChromium } from '../parity/chromium';
import { faultsInEveryLook } from '../support/accessibilityFaults';
import { builtDemoPage } from '../support/builtDemoPage';
import { serveFolder } from '../support/serveFolder';

if (!hasChromium)
  console.warn('\n*** No Chromium: the demo page is NOT TESTED. On Debian: apt-get install chromium ***\n');

describe.skipIf(!hasChromium)('the demo page', () => {
  let site: Awaited<ReturnType<typeof serveFolder>>;
  let browser: Browser;
  let page: Page;
  const complaints: string[] = [];

  beforeAll(async () => {
    site = await serveFolder(await builtDemoPage());
    browser = await chromium.launch({
      executablePath: BROWSER,
      args: ['--no-sandbox', '--disable-gpu', '--disable-background-networking'],
    });
    page = await browser.newPage({ viewport: { width: 1280, height: 900 }, reducedMotion: 'reduce' });
    page.on('console', (message) => {
      // What Chromium says of WebGPU where there is no graphics card.
      if (message.text() !== 'No available adapters.') complaints.push(message.text());
    });
    page.on('pageerror', ({ message }) => complaints.push(message));
    page.on('request', (request) => {
      if (!request.url().startsWith(site.origin) && !request.url().startsWith('data:')) complaints.push(request.url());
    });
    await page.goto(site.origin);
  }, 180_000);
  afterAll(async () => {
    await browser?.close();
    site?.close();
  });

  const text = async (selector: string) => (await page.locator(selector).textContent())!.trim();
  const steps = async () => Number.parseInt((await text('#steps')).replace(',', ''), 10);
  /** Expects nothing of axe, and no page wider than the screen, in the state that the page is in. */
  const expectAccessible = async () => expect(await faultsInEveryLook(page)).toEqual([]);
  /** Expects what becomes true once the page has done its work, on a machine that may be busy. */
  const eventually = <T>(read: () => Promise<T>) => expect.poll(read, { timeout: 30_000 });
  /** Presses a key on an element that has the focus. */
  const press = (selector: string, key: string) => page.locator(selector).press(key);
  /** Percentages in the order of the page. */
  const percentages = async (selector: string) =>
    (await page.locator(selector).allInnerTexts()).map((shown) => Number.parseFloat(shown.replace('> ', '')));

  test('says which backend it computes on, and starts anew on another', async () => {
    await page.locator('#map-acet dd').first().waitFor();
    expect(await page.locator('#backend option').allInnerTexts()).toEqual(expect.arrayContaining(['wasm', 'cpu']));
    expect(await page.locator('#backend').inputValue()).toBe('wasm');
    await page.locator('#backend').selectOption('cpu');
    await page.getByText('in plain JavaScript').waitFor();
    await page.locator('#backend').selectOption('wasm');
    await page.getByText('on the processor').waitFor();
    expect(await text('#steps')).toBe('Not trained yet');
    await expectAccessible();
  });

  test('trains all three networks while their maps are redrawn, and pauses', async () => {
    const canvases = ['plain', 'ceda', 'acet'].map((method) => page.locator(`#map-${method} canvas`));
    const pictures = () => Promise.all(canvases.map((map) => map.evaluate((c: HTMLCanvasElement) => c.toDataURL())));
    const before = await pictures();
    await page.locator('#train').click();
    await eventually(steps).toBeGreaterThan(5);
    await expectAccessible();
    await press('#train', 'Enter');
    const paused = await steps();
    expect(await text('#train')).toBe('Train');
    await eventually(async () => (await pictures()).some((picture, i) => picture === before[i])).toBe(false);
    expect(await steps()).toBe(paused);
    expect((await percentages('#map-plain dd')).slice(0, 3).every((shown) => shown >= 50 && shown <= 100)).toBe(true);
  });

  test('takes its sliders from the keyboard and zooms out to where every network is sure', async () => {
    const moves = [
      ['lambda', '1.05'],
      ['epsilon', '0.035'],
      ['attack-steps', '6'],
      ['angle', '41°'],
    ] as const;
    for (const [slider, after] of moves) {
      await press(`#${slider}`, 'ArrowRight');
      expect(await text(`#${slider}-value`)).toBe(after);
    }
    await press('#zoom', 'End');
    expect(await text('#zoom-value')).toBe('[−10, 10]²');
    await page.locator('#near').click();
    expect(await text('#zoom-value')).toBe('[0, 1]²');
    await page.locator('#far').click();
    expect(await text('#zoom-value')).toBe('[−10, 10]²');
  });

  test('follows a ray in the direction of a click, with the exact limit of every network', async () => {
    await page.locator('#map-plain canvas').click({ position: { x: 60, y: 40 } });
    expect(Number.parseInt(await text('#angle-value'), 10)).toBeGreaterThan(91);
    expect(await page.locator('#ray tbody th').allInnerTexts()).toEqual(['plain', 'CEDA', 'ACET']);
    expect(await percentages('#ray td:nth-of-type(3)')).toEqual([100, 100, 100]);
    await expectAccessible();
  });

  test('shows what three classifiers say of a drawing, of a digit and of noise', async () => {
    await press('#tab-moons', 'ArrowRight');
    await eventually(() => percentages('.verdicts strong')).toHaveLength(3);
    const middle = (await page.locator('#pad').boundingBox())!;
    const at = (x: number, y: number) => [middle.x + x * middle.width, middle.y + y * middle.height] as const;
    await page.mouse.move(...at(0.5, 0.1));
    await page.mouse.down();
    await page.mouse.move(...at(0.5, 0.9), { steps: 5 });
    await page.mouse.up();
    await eventually(() => text('#verdict-plain')).toContain('1');
    expect(await text('#seen-note')).toContain('Your drawing');

    await page.locator('#sample').click();
    await eventually(async () => Math.min(...(await percentages('.verdicts strong')))).toBeGreaterThan(60);
    await press('#noise', 'Enter');
    await eventually(async () => (await percentages('.verdicts strong'))[2]).toBeLessThan(30);
    await press('#adversarial', 'Enter');
    await eventually(async () => (await percentages('.verdicts strong'))[0]).toBeGreaterThan(90);
    expect((await percentages('.verdicts strong'))[2]).toBeLessThan(50);
    await expectAccessible();
    await page.locator('#clear').click();
    await eventually(() => text('#seen-note')).toBe('Nothing yet.');
    await expectAccessible();
  });

  test('has a tab for a model of the visitor', async () => {
    await page.locator('#tab-yours').click();
    expect(await page.locator('#yours').isVisible()).toBe(true);
    await expectAccessible();
  });

  test('keeps the button that trains in sight of every map on a phone', async () => {
    await page.locator('#tab-moons').click();
    await page.setViewportSize({ width: 375, height: 667 });
    for (const method of ['plain', 'ceda', 'acet']) {
      const map = page.locator(`#map-${method} canvas`);
      await map.evaluate((canvas) => canvas.scrollIntoView({ block: 'center' }));
      const [seen, button] = [(await map.boundingBox())!, (await page.locator('#train').boundingBox())!];
      expect(seen.y).toBeGreaterThanOrEqual(0);
      expect(seen.y + seen.height).toBeLessThan(button.y);
      expect(button.y + button.height).toBeLessThanOrEqual(667);
    }
  });

  test('reports no error, says nothing in the console and asks for nothing but its own files', async () => {
    expect(await page.locator('#failure').isVisible()).toBe(false);
    expect(complaints).toEqual([]);
  });
});
