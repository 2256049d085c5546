import type * as tf from '@tensorflow/tfjs-core';
import { attackName } from '../attacks/attackTable';
import { prepareAttack } from '../attacks/prepareAttack';
import type { Attack, AttackResult, AttackStep, PgdOptions } from '../attacks/types';
import { memoryLimit } from '../core/memoryLimit';
import { labelsOfObjective } from '../losses/crossEntropy';
import { lossName } from '../losses/headLosses';
import { type Block, joinRows, type RowRange, readBlock, sliceRows, splitRows } from './blocks';
import type { AttackRequest, NamedObjective } from './messages';
import type { Call, Pool } from './workers';

/**
 * An attack with the images shared out among the workers. Attacks and objectives of the caller's own, which cannot be
 * sent to other threads, run here.
 */
export async function pooledAttack(
  { workers, net }: Pool,
  { fn, signal }: Call,
  attack: Attack,
  x: tf.Tensor,
  options: PgdOptions,
): Promise<AttackResult> {
  const name = attackName(attack);
  const objectiveOf = await namedObjective(options.objective);
  if (name === undefined || objectiveOf === undefined) return attack(net, x, options);
  const { rng, rows, epsilon, steps, stepSize, reach } = prepareAttack(name, net, x, options);
  const images = await readBlock(x);
  const parts = splitRows(x.shape[0]!, workers.size);
  const requests = parts.map(
    (part): AttackRequest => ({
      kind: 'attack',
      attack: name,
      x: sliceRows(images, part),
      rows: { first: rows.first + part.first, of: rows.of },
      rng: rng.save(),
      objective: objectiveOf(part),
      settings: { ...plainSettings(options), memory: (options.memory ?? memoryLimit('wasm')) / workers.size },
      tellSteps: options.onStep !== undefined,
    }),
  );
  const onStep = options.onStep && slowestOf(parts.length, options.onStep);
  const answers = await workers.run(fn, requests, { signal, onStep });
  // Every worker has drawn the numbers of the whole batch.
  rng.restore(answers[0]!.rng);
  return {
    adversarial: joinRows(answers.map(({ adversarial }) => adversarial)),
    objective: joinRows(answers.map(({ objective }) => objective)) as tf.Tensor1D,
    epsilon,
    steps,
    stepSize,
    reach,
    gradientEvaluations: Math.max(...answers.map(({ gradientEvaluations }) => gradientEvaluations)),
    zeroGradients: sum(answers.map(({ zeroGradients }) => zeroGradients)),
    blindImages: sum(answers.map(({ blindImages }) => blindImages)),
    nonFiniteGradients: sum(answers.map(({ nonFiniteGradients }) => nonFiniteGradients)),
  };
}

/** What to tell workers of an objective, for each run of rows; `undefined` for one that they cannot know. */
async function namedObjective(
  objective: PgdOptions['objective'],
): Promise<((part: RowRange) => NamedObjective | undefined) | undefined> {
  if (objective === undefined) return () => undefined;
  const name = lossName(objective);
  if (name !== undefined) return () => name;
  const made = labelsOfObjective(objective);
  if (made === undefined) return undefined;
  const labels: Block = await readBlock(made.labels);
  return (part) => ({ labels: sliceRows(labels, part), classes: made.classes, head: made.head });
}

/** The options that are plain data. */
function plainSettings({ objective, onStep, signal, rng, seed, rows, ...settings }: PgdOptions) {
  return settings;
}

/** Calls `onStep` each time the last of the workers has reached a further step. */
function slowestOf(workers: number, onStep: (at: AttackStep) => void): (which: number, at: AttackStep) => void {
  const done = new Array<number>(workers).fill(0);
  let told = 0;
  return (which, at) => {
    done[which]!++;
    if (Math.min(...done) === told) return;
    told++;
    onStep(at);
  };
}

function sum(counts: readonly (number | undefined)[]): number | undefined {
  return counts.reduce((total, count) => (total === undefined || count === undefined ? undefined : total + count), 0);
}
