import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import type { Page } from 'playwright-core';

declare global {
  /** What {@link accessibilityFaults} puts into pages. */
  var axe: typeof import('axe-core');
}

/** What axe finds serious or critical in a page as it is now, as `rule: element`. */
export async function accessibilityFaults(page: Page): Promise<string[]> {
  // Evaluated and not added as a script, which a page with a strict policy would refuse.
  await page.evaluate(await readFile(createRequire(import.meta.url).resolve('axe-core'), 'utf8'));
  const { violations } = await page.evaluate(() => globalThis.axe.run());
  return violations
    .filter(({ impact }) => impact === 'serious' || impact === 'critical')
    .flatMap(({ id, nodes }) => nodes.map(({ html }) => `${id}: ${html}`));
}
