import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs-core';
import { evaluateOod, type LabelledData, type Method, type OodReport, type OodRow } from 'relu-overconfidence';
import { progressBar } from '../support/progressBar';
import { useWasm } from '../support/useWasm';
import { kept } from './kept';
import { loadLabelled } from './loadFirst';
import { loadNetwork, type Networks, resultsFolder } from './networks';
import { OTHER_NOISES } from './otherNoises';
import { IN } from './testSets';

/** Where things are. */
export interface CrossNoiseSettings {
  readonly networks: Networks;
  readonly data: string;
  readonly output: string;
}

const METHODS: readonly Method[] = ['plain', 'ceda', 'acet'];
/** Images of the in-distribution, and of each noise. */
const SAMPLES = 1000;

/** Measures networks on noises that they were not trained on. */
export async function crossNoise({ networks, data, output }: CrossNoiseSettings): Promise<void> {
  await useWasm();
  const { title, data: whole } = await loadLabelled(data, IN[networks.dataset]);
  const some = { x: tf.slice(whole.x, 0, SAMPLES), y: tf.slice(whole.y, 0, SAMPLES) };
  tf.dispose([whole.x, whole.y]);
  const folder = resultsFolder(networks, output);
  const reports = {} as Record<Method, OodReport>;
  for (const method of METHODS) {
    const { model, identity } = await loadNetwork(networks, method);
    const settings = { ...identity, set: title, samples: SAMPLES, noises: Object.keys(OTHER_NOISES), seed: 1 };
    const file = join(folder, `cross-noise-${method}.json`);
    reports[method] = await kept(file, settings, () => measure(model, some, method));
    model.dispose();
  }
  tf.dispose([some.x, some.y]);
  const table = crossNoiseMarkdown(reports);
  await writeFile(join(folder, 'cross-noise.md'), `${table}\n`);
  await writeFile(join(folder, 'cross-noise.json'), `${JSON.stringify(reports, null, 2)}\n`);
  console.log(`\n${SAMPLES} images of each noise, beside the first ${SAMPLES} of ${title}.\n\n${table}`);
}

function measure(model: Parameters<typeof evaluateOod>[0], inSet: LabelledData, method: Method): Promise<OodReport> {
  return evaluateOod(model, {
    in: inSet,
    noise: OTHER_NOISES,
    adversarialNoise: false,
    adversarialSamples: false,
    seed: 1,
    onProgress: progressBar(`other noises, ${method}`),
  });
}

/** One line per noise, three numbers per method. */
function crossNoiseMarkdown(reports: Readonly<Record<Method, OodReport>>): string {
  const head = ['noise', ...METHODS.flatMap((method) => ['MMC', 'AUROC', 'FPR@95'].map((name) => `${method} ${name}`))];
  const lines = reports.plain.rows.map(({ name }, i) => [
    name,
    ...METHODS.flatMap((method) => cells(reports[method].rows[i]!)),
  ]);
  return [head, head.map(() => '---'), ...lines].map((line) => `| ${line.join(' | ')} |`).join('\n');
}

function cells({ meanMaxConfidence, standardError, auroc, fprAt95 }: OodRow): string[] {
  const mean = `${meanMaxConfidence!.toFixed(3)} ± ${standardError!.toFixed(3)}`;
  return [mean, auroc?.toFixed(3) ?? '', fprAt95?.toFixed(3) ?? ''];
}
