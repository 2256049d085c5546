import '@tensorflow/tfjs-backend-cpu';
import '@tensorflow/tfjs-backend-wasm';
import { readFile, writeFile } from 'node:fs/promises';
import * as tf from '@tensorflow/tfjs-core';
import { disableWasmTraining, enableWasmTraining } from '../../../src/wasm';
import { hasChromium, inChromium } from '../chromium';
import type {} from './browserPage';
import { LAYER_CASES } from './cases';
import { verdictInWords } from './check';

/** `npm run layers`: prints what the gradient of every layer is worth on every backend, and keeps it in docs/backends.md. */
const DOCUMENT = new URL('../../../docs/backends.md', import.meta.url);
const BEGIN = '<!-- npm run layers: begin -->';
const END = '<!-- npm run layers: end -->';

/** A backend, and what the gradient of every case is worth there. */
interface Column {
  readonly head: string;
  readonly cells: readonly string[];
}

const columns: Column[] = [];
for (const { head, backend, trained } of [
  { head: '`cpu`', backend: 'cpu', trained: false },
  { head: '`wasm`', backend: 'wasm', trained: false },
  { head: '`wasm`, `enableWasmTraining()`', backend: 'wasm', trained: true },
]) {
  await tf.setBackend(backend);
  if (trained) enableWasmTraining();
  columns.push({ head, cells: LAYER_CASES.map(verdictInWords) });
  disableWasmTraining();
}
if (!hasChromium) throw new Error('The column of webgl needs a browser. On Debian: apt-get install chromium');
columns.push({
  head: '`webgl`',
  cells: await inChromium(new URL('./browserPage.ts', import.meta.url), (page) =>
    page.evaluate(() => globalThis.checkLayers()),
  ),
});

interface Row {
  readonly layer: string;
  readonly uses: string[];
  readonly cells: readonly string[];
}

const rows: Row[] = [];
for (const [i, { layer, use }] of LAYER_CASES.entries()) {
  const found = columns.map(({ cells }) => cells[i]!);
  const same = rows.find((row) => row.layer === layer && row.cells.join() === found.join());
  if (same) same.uses.push(use);
  else rows.push({ layer, uses: [use], cells: found });
}
const line = (parts: readonly string[]) => `| ${parts.join(' | ')} |`;
const table = [
  line(['layer', 'use', ...columns.map(({ head }) => head)]),
  line(['layer', 'use', ...columns].map(() => '---')),
  ...rows.map(({ layer, uses, cells: found }) => line([`\`${layer}\``, uses.filter(Boolean).join('; '), ...found])),
].join('\n');
console.log(table);
const text = await readFile(DOCUMENT, 'utf8');
const [before, rest] = text.split(BEGIN);
const after = rest?.split(END)[1];
if (after === undefined) throw new Error(`docs/backends.md has no place between ${BEGIN} and ${END}.`);
await writeFile(DOCUMENT, `${before}${BEGIN}\n\n${table}\n\n${END}${after}`);
if (table.includes('WRONG')) process.exitCode = 1;
