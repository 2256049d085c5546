import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';

/**
 * The result of work that was done before with the same settings, read from a file; otherwise the work is done now and its
 * result is kept there.
 */
export async function kept<T>(file: string, settings: object, work: () => Promise<T>): Promise<T> {
  const wanted = JSON.stringify(settings);
  const text = await readFile(file, 'utf8').catch(() => undefined);
  if (text !== undefined) {
    const before: { readonly settings: object; readonly result: T } = JSON.parse(text);
    if (JSON.stringify(before.settings) === wanted) return before.result;
  }
  const result = await work();
  await mkdir(dirname(file), { recursive: true });
  await writeFile(file, `${JSON.stringify({ settings, result }, null, 2)}\n`);
  return result;
}
