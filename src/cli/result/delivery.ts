import { stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { Values } from '../args/optionTable';
import { number, text } from '../args/read';
import { CliError } from '../cliError';
import { importOptional } from '../load/importOptional';

/** Where results go, and when the program fails. */
export interface Delivery {
  readonly maxMmc: number | undefined;
  /** A file, or `-` for stdout. */
  readonly json: string | undefined;
  readonly html: string | undefined;
}

/** Reads what is wanted, and refuses at once what would fail only after a long run. */
export async function deliveryOf(values: Values): Promise<Delivery> {
  const maxMmc = number(values, 'max-mmc', undefined, 0, 1);
  const [json, html] = [text(values, 'json'), text(values, 'html')];
  for (const file of [json, html]) if (file !== undefined && file !== '-') await checkFolder(file);
  if (html !== undefined) {
    const why = ['pictures are made with it', '@observablehq/plot linkedom fast-png'] as const;
    await importOptional('@observablehq/plot', () => import('@observablehq/plot'), ...why);
    await importOptional('linkedom', () => import('linkedom'), ...why);
    await importOptional('fast-png', () => import('fast-png'), ...why);
  }
  return { maxMmc, json, html };
}

/** Refuses a file in a folder that does not exist. */
export async function checkFolder(file: string): Promise<void> {
  const folder = dirname(file);
  const found = await stat(folder).catch(() => undefined);
  if (!found?.isDirectory())
    throw new CliError(`${file} cannot be written: there is no folder ${folder}.`, `Run: mkdir -p ${folder}`);
}
