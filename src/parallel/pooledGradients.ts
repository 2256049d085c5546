import * as tf from '@tensorflow/tfjs-core';
import { pgdLinf } from '../attacks/pgdLinf';
import type { LabelledData } from '../classifier/types';
import { resolveRng } from '../core/resolveRng';
import type { Rng } from '../core/rng';
import { lossesOf, lossName } from '../losses/headLosses';
import { attackSettings } from '../training/acetStep';
import { drawNoise } from '../training/cedaStep';
import type { Method } from '../training/fitTypes';
import { objectiveGradients, type Terms } from '../training/objectiveGradients';
import type { AcetOptions, GradientsResult } from '../training/types';
import { type RowRange, readBlock, sliceRows, splitRows, toTensor } from './blocks';
import type { GradientsAnswer, GradientsRequest } from './messages';
import { isRowByRow, trainableFlags } from './modelParts';
import { pooledAttack } from './pooledAttack';
import type { Call, Pool } from './workers';

/** The gradients of one method on checked arguments, the heavy work shared out among the workers. */
export async function pooledGradients(
  pool: Pool,
  call: Call,
  method: Method,
  clean: LabelledData,
  options: AcetOptions,
): Promise<GradientsResult> {
  const rng = resolveRng(options);
  const noise = method === 'plain' ? undefined : await noiseOf(pool, call, method, clean, { ...options, rng });
  try {
    const { lambda = 1, weightDecay = 5e-4, classWeights, outLoss = lossesOf(pool.net).logConfidence } = options;
    const terms = { clean, lambda: noise === undefined ? 0 : lambda, weightDecay, classWeights, outLoss, rng };
    return await differentiated(pool, call, noise === undefined ? terms : { ...terms, noise });
  } finally {
    tf.dispose(noise ?? []);
  }
}

/** The samples that the out-distribution term is taken at; the caller owns them. */
async function noiseOf(
  pool: Pool,
  call: Call,
  method: 'ceda' | 'acet',
  { x }: LabelledData,
  options: AcetOptions & { readonly rng: Rng },
): Promise<tf.Tensor> {
  const start = drawNoise(call.fn, pool.net, x, options);
  if (method === 'ceda') return start;
  const { attack = pgdLinf, rng } = options;
  try {
    const settings = { ...attackSettings(options), rng };
    const { adversarial, objective } = await pooledAttack(pool, call, attack, start, settings);
    objective.dispose();
    return adversarial === start ? tf.clone(adversarial) : adversarial;
  } finally {
    start.dispose();
  }
}

/** The gradients of the objective. A loss of the caller's own, which cannot be sent to other threads, is taken here. */
async function differentiated(pool: Pool, { fn, signal }: Call, terms: Terms): Promise<GradientsResult> {
  const { workers, model, net, variables } = pool;
  const outLoss = lossName(terms.outLoss);
  if (outLoss === undefined) return objectiveGradients(fn, net, terms);
  const [x, y] = await Promise.all([readBlock(terms.clean.x), readBlock(terms.clean.y)]);
  const noise = terms.noise && (await readBlock(terms.noise));
  const rows = { clean: x.shape[0]!, noise: noise?.shape[0] ?? Number.POSITIVE_INFINITY };
  const parts = isRowByRow(model) ? Math.min(workers.size, rows.clean, rows.noise) : 1;
  const cleanParts = splitRows(rows.clean, parts);
  const noiseParts = noise && splitRows(rows.noise, parts);
  const shareOf = (part: RowRange | undefined, of: number) => (part === undefined ? 1 : part.count / of);
  const requests = cleanParts.map((part, i): GradientsRequest => {
    const noisePart = noiseParts?.[i];
    return {
      kind: 'gradients',
      fn,
      x: sliceRows(x, part),
      y: sliceRows(y, part),
      noise: noise && noisePart && sliceRows(noise, noisePart),
      lambda: terms.lambda,
      // The weights are the same for all, so one of them takes their decay.
      weightDecay: i === 0 ? terms.weightDecay : 0,
      classWeights: terms.classWeights,
      outLoss,
      share: { clean: shareOf(part, rows.clean), noise: shareOf(noisePart, rows.noise) },
      rng: terms.rng.save(),
      trainable: trainableFlags(model),
    };
  });
  const answers = await workers.run(fn, requests, { signal });
  if (answers.length === 1) takeOver(answers[0]!, variables, terms.rng);
  return sumAnswers(answers, requests, net.variables);
}

/** What a pass over the whole batch leaves behind: moving averages, and a stream of random numbers moved on by dropout. */
function takeOver({ changed, rng: state }: GradientsAnswer, variables: readonly tf.Variable[], rng: Rng): void {
  rng.restore(state);
  for (const { index, value } of changed) {
    const fresh = toTensor(value);
    variables[index]!.assign(fresh);
    fresh.dispose();
  }
}

/** Puts the answers of a batch together: losses are averaged by share, gradients added up. */
function sumAnswers(
  answers: readonly GradientsAnswer[],
  requests: readonly GradientsRequest[],
  variables: readonly tf.Variable[],
): GradientsResult {
  const total = (of: (answer: GradientsAnswer, share: GradientsRequest['share']) => number) =>
    tf.scalar(answers.reduce((sum, answer, i) => sum + of(answer, requests[i]!.share), 0));
  const grads: tf.NamedTensorMap = {};
  for (const [i, { name, shape }] of variables.entries()) grads[name] = tf.tensor(sumOf(answers, i), shape);
  return {
    loss: total(({ loss }) => loss),
    inLoss: total(({ inLoss }, { clean }) => inLoss * clean),
    outLoss: total(({ outLoss }, { noise }) => outLoss * noise),
    outConfidence: total(({ outConfidence }, { noise }) => outConfidence * noise),
    grads,
  };
}

/** The gradient of one variable, summed into the memory of the first answer. */
function sumOf([first, ...others]: readonly GradientsAnswer[], variable: number): Float32Array {
  const sum = first!.grads[variable]!.values as Float32Array;
  for (const { grads } of others) {
    const { values } = grads[variable]!;
    for (let j = 0; j < sum.length; j++) sum[j]! += values[j]!;
  }
  return sum;
}
