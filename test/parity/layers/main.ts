import '@tensorflow/tfjs-backend-cpu';
import '@tensorflow/tfjs-backend-wasm';
import { readFile, writeFile } from 'node:fs/promises';
import * as tf from '@tensorflow/tfjs-core';
import { disableWasmTraining, enableWasmTraining } from '../../../src/wasm';
import { LAYER_CASES } from './cases';
import { checkLayer, type LayerReport, type Verdict } from './check';

/** `npm run layers`: prints what the gradient of every layer is worth on every backend, and keeps it in docs/backends.md. */
const DOCUMENT = new URL('../../../docs/backends.md', import.meta.url);
const BEGIN = '<!-- npm run layers: begin -->';
const END = '<!-- npm run layers: end -->';

const COLUMNS = [
  { head: '`cpu`', backend: 'cpu', trained: false },
  { head: '`wasm`', backend: 'wasm', trained: false },
  { head: '`wasm`, `enableWasmTraining()`', backend: 'wasm', trained: true },
] as const;

interface Row {
  readonly layer: string;
  readonly uses: string[];
  readonly cells: readonly string[];
}

function inWords({ noForward, ours, stock, weights, batchDifference, leaked }: LayerReport, flat: boolean): string {
  if (noForward !== undefined) return '–';
  if (ours.kind === 'refused') return `refused: \`${ours.code}\``;
  const sound = ours.kind === 'ok' && batchDifference! < 1e-5 && leaked === 0;
  if (!sound) return '**WRONG**';
  const input = stock.kind === 'ok' ? 'ok' : 'corrected';
  return `${input}${flat ? ', zero' : ''}${ofWeights(weights)}`;
}

function ofWeights(weights: Verdict | undefined): string {
  if (weights === undefined || weights.kind === 'ok') return '';
  return weights.kind === 'refused' ? ', weights refused' : ', **weights WRONG**';
}

const cells = new Map<string, string[]>();
for (const { backend, trained } of COLUMNS) {
  await tf.setBackend(backend);
  if (trained) enableWasmTraining();
  for (const layerCase of LAYER_CASES) {
    const name = `${layerCase.layer}|${layerCase.use}`;
    cells.set(name, [...(cells.get(name) ?? []), inWords(checkLayer(layerCase), layerCase.flat === true)]);
  }
  disableWasmTraining();
}

const rows: Row[] = [];
for (const { layer, use } of LAYER_CASES) {
  const found = cells.get(`${layer}|${use}`)!;
  const same = rows.find((row) => row.layer === layer && row.cells.join() === found.join());
  if (same) same.uses.push(use);
  else rows.push({ layer, uses: [use], cells: found });
}
const line = (parts: readonly string[]) => `| ${parts.join(' | ')} |`;
const table = [
  line(['layer', 'use', ...COLUMNS.map(({ head }) => head)]),
  line(['layer', 'use', ...COLUMNS].map(() => '---')),
  ...rows.map(({ layer, uses, cells: found }) => line([`\`${layer}\``, uses.filter(Boolean).join('; '), ...found])),
].join('\n');
console.log(table);
const text = await readFile(DOCUMENT, 'utf8');
const [before, rest] = text.split(BEGIN);
const after = rest?.split(END)[1];
if (after === undefined) throw new Error(`docs/backends.md has no place between ${BEGIN} and ${END}.`);
await writeFile(DOCUMENT, `${before}${BEGIN}\n\n${table}\n\n${END}${after}`);
if (table.includes('WRONG')) process.exitCode = 1;
