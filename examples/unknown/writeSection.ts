import { readFile, writeFile } from 'node:fs/promises';

const DOCUMENT = new URL('../../docs/unknown.md', import.meta.url);

/** Puts a text in the place of what stands below a heading of docs/unknown.md, up to the next heading of its kind. */
export async function writeSection(heading: string, text: string): Promise<void> {
  const parts = (await readFile(DOCUMENT, 'utf8')).split(/^(?=## )/m);
  const place = parts.findIndex((part) => part.startsWith(`## ${heading}\n`));
  if (place < 0) throw new Error(`docs/unknown.md has no heading "${heading}".`);
  parts[place] = `## ${heading}\n\n${text}\n${place === parts.length - 1 ? '' : '\n'}`;
  await writeFile(DOCUMENT, parts.join(''));
}
