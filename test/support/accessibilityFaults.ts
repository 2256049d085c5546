import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import type { Page } from 'playwright-core';

declare global {
  /** What {@link accessibilityFaults} puts into pages. */
  var axe: typeof import('axe-core');
}

/** What axe finds in a page as it is now, of whatever impact, as `rule: element`. */
export async function accessibilityFaults(page: Page): Promise<string[]> {
  const isThere = await page.evaluate(() => 'axe' in globalThis);
  // Evaluated and not added as a script, which a page with a strict policy would refuse.
  if (!isThere) await page.evaluate(await readFile(createRequire(import.meta.url).resolve('axe-core'), 'utf8'));
  // What axe has nothing to say of stays in the page: to hand it over takes longer than to find it.
  return page.evaluate(async () => {
    const { violations } = await globalThis.axe.run({ resultTypes: ['violations'] });
    return violations.flatMap(({ id, nodes }) => nodes.map(({ html }) => `${id}: ${html}`));
  });
}

/** The same in light and dark, on a desktop and on a phone, and where the page is wider than the screen. */
export async function faultsInEveryLook(page: Page): Promise<string[]> {
  const usual = page.viewportSize()!;
  const faults: string[] = [];
  for (const width of [1280, 375]) {
    await page.setViewportSize({ width, height: 800 });
    for (const colorScheme of ['light', 'dark'] as const) {
      await page.emulateMedia({ colorScheme });
      const found = await accessibilityFaults(page);
      const needed = await page.evaluate(() => document.documentElement.scrollWidth);
      if (needed > width) found.push(`needs ${needed} pixels`);
      faults.push(...found.map((fault) => `${colorScheme}, ${width} pixels: ${fault}`));
    }
  }
  await page.setViewportSize(usual);
  return faults;
}
