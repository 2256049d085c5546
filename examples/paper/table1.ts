import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs-core';
import {
  evaluateOod,
  type Method,
  type ModelLike,
  type OodOptions,
  type OodReport,
  paperSampler,
  predictions,
} from 'relu-overconfidence';
import { progressBar } from '../support/progressBar';
import { useWasm } from '../support/useWasm';
import { kept } from './kept';
import { markdownTable, type TableReport } from './markdownTable';
import { loadNetwork, type Networks, resultsFolder } from './networks';
import { TABLE_1 } from './published';
import type { TrainingSet } from './recipes';
import { loadTestSets, type TestSets } from './testSets';

/** Where things are, and how much of the attacks is done. */
export interface Table1Settings {
  readonly networks: Networks;
  readonly data: string;
  readonly output: string;
  /** Images attacked per row. */
  readonly attacked: number;
}

const METHODS: readonly Method[] = ['plain', 'ceda', 'acet'];
const NOTHING: Pick<OodOptions, 'noise' | 'adversarialNoise' | 'adversarialSamples'> = {
  noise: false,
  adversarialNoise: false,
  adversarialSamples: false,
};
/** The released experiments draw one sigma per batch of 128, the text of the paper one per image. */
const NOISE = {
  noise: paperSampler({ sigmaPer: 'batch' }),
  'noise, one sigma per image': paperSampler({ sigmaPer: 'image' }),
};

const sampleAttack = (dataset: TrainingSet) =>
  dataset === 'mnist' ? { epsilon: 0.3, stepSize: 0.0075 } : { epsilon: 0.1, stepSize: 0.0025 };

/** The pieces of work that are kept one by one, each on top of {@link NOTHING}. */
const pieces = (
  { out }: TestSets,
  dataset: TrainingSet,
  attacked: number,
): Readonly<Record<string, Partial<OodOptions>>> => ({
  sets: { out },
  noise: { noise: NOISE, attackBatchSize: 128 },
  'adversarial-noise': {
    adversarialNoise: { epsilon: 0.3, stepSize: 0.0075, steps: 200, samples: attacked, start: NOISE.noise },
    attackBatchSize: Math.min(attacked, 128),
  },
  'adversarial-samples': {
    adversarialSamples: { ...sampleAttack(dataset), steps: 80, samples: attacked },
    attackBatchSize: Math.min(attacked, 128),
  },
});

/** Measures a network of each method and prints Table 1 beside the published one. */
export async function table1({ networks, data, output, attacked }: Table1Settings): Promise<void> {
  const { dataset } = networks;
  await useWasm();
  const folder = resultsFolder(networks, output);
  const sets = await loadTestSets(data, dataset);
  const reports = {} as Record<Method, TableReport>;
  for (const method of METHODS) {
    const { model, identity } = await loadNetwork(networks, method);
    const done: OodReport[] = [];
    for (const [piece, options] of Object.entries(pieces(sets, dataset, attacked))) {
      const settings = {
        ...identity,
        sets: sets.names,
        attacked: piece.startsWith('adversarial') ? attacked : 0,
        seed: 1,
      };
      done.push(
        await kept(join(folder, `table1-${method}-${piece}.json`), settings, () =>
          evaluate(model, sets, options, `${method}, ${piece}`),
        ),
      );
    }
    // Every report begins with the same row, the in-distribution.
    reports[method] = {
      testError: sets.in.y === undefined ? null : done[0]!.testError,
      rows: done.flatMap(({ rows }, i) => (i === 0 ? rows : rows.slice(1))),
    };
    model.dispose();
  }
  tf.dispose([sets.in.x, sets.in.y, sets.out]);
  const table = markdownTable(reports, TABLE_1[dataset]);
  await writeFile(join(folder, 'table1.md'), `${table}\n`);
  await writeFile(join(folder, 'table1.json'), `${JSON.stringify(reports, withoutScores, 2)}\n`);
  console.log(`\nIn-distribution: ${sets.names[0]}. Attacked: ${attacked} images per row.\n\n${table}`);
}

function withoutScores(key: string, value: unknown): unknown {
  return key === 'scores' ? undefined : value;
}

/** Images without labels count as what the network takes them for, which adversarial samples then lead away from. */
async function evaluate(
  model: ModelLike,
  { in: { x, y } }: TestSets,
  options: Partial<OodOptions>,
  title: string,
): Promise<OodReport> {
  const labels = y ?? tf.tensor1d(await predictions(model, x), 'int32');
  const always = { ...NOTHING, keepScores: true, seed: 1, onProgress: progressBar(title) };
  try {
    return await evaluateOod(model, { in: { x, y: labels }, ...always, ...options });
  } finally {
    if (y === undefined) labels.dispose();
  }
}
