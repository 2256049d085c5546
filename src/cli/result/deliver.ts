import { writeFile } from 'node:fs/promises';
import { EXIT, type ExitCode } from '../exitCodes';
import type { Io } from '../io';
import type { RunRecord } from '../measure/record';
import type { Delivery } from './delivery';
import { printResult } from './printResult';
import { resultHtml } from './resultHtml';
import { summarise } from './summarise';

/** Prints and writes what a complete record says, and gives the exit code. */
export async function deliver(io: Io, { maxMmc, json, html }: Delivery, record: RunRecord): Promise<ExitCode> {
  const result = summarise(record, maxMmc);
  const serialised = `${JSON.stringify(result, undefined, 2)}\n`;
  if (json === '-') io.stdout.write(serialised);
  else printResult(io, result);
  if (json !== undefined && json !== '-') await writeFile(json, serialised);
  if (html !== undefined) await writeFile(html, await resultHtml(record, result));
  return result.threshold !== null && result.threshold.broken.length > 0 ? EXIT.broken : EXIT.fine;
}
