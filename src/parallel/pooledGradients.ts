import * as tf from '@tensorflow/tfjs-core';
import { pgdLinf } from '../attacks/pgdLinf';
import type { LabelledData } from '../classifier/types';
import { resolveRng } from '../core/resolveRng';
import type { Rng } from '../core/rng';
import { lossesOf } from '../losses/headLosses';
import { lossName } from '../losses/lossTable';
import { attackSettings } from '../training/acetStep';
import { drawNoise } from '../training/cedaStep';
import type { Method } from '../training/fitTypes';
import { objectiveGradients, type Terms } from '../training/objectiveGradients';
import type { AcetOptions, GradientsResult } from '../training/types';
import { type RowRange, readBlock, sliceRows, splitRows, toTensor } from './blocks';
import type { GradientsShard, GradientsTask } from './messages';
import { isRowByRow, trainableFlags } from './modelParts';
import { pooledAttack } from './pooledAttack';
import { sumShards } from './sumShards';
import type { Calling, Team } from './team';

/** The gradients of one method on checked arguments, the heavy work shared out among the workers. */
export async function pooledGradients(
  team: Team,
  calling: Calling,
  method: Method,
  clean: LabelledData,
  options: AcetOptions,
): Promise<GradientsResult> {
  const rng = resolveRng(options);
  const noise = method === 'plain' ? undefined : await noiseOf(team, calling, method, clean, { ...options, rng });
  try {
    const { lambda = 1, weightDecay = 5e-4, outLoss = lossesOf(team.net).logConfidence } = options;
    const terms = { clean, lambda: noise === undefined ? 0 : lambda, weightDecay, outLoss, rng };
    return await differentiated(team, calling, noise === undefined ? terms : { ...terms, noise });
  } finally {
    tf.dispose(noise ?? []);
  }
}

/** The samples that the out-distribution term is taken at; the caller owns them. */
async function noiseOf(
  team: Team,
  calling: Calling,
  method: 'ceda' | 'acet',
  { x }: LabelledData,
  options: AcetOptions & { readonly rng: Rng },
): Promise<tf.Tensor> {
  const start = drawNoise(calling.fn, team.net, x, options);
  if (method === 'ceda') return start;
  const { attack = pgdLinf, rng } = options;
  try {
    const settings = { ...attackSettings(options), rng };
    const { adversarial, objective } = await pooledAttack(team, calling, attack, start, settings);
    objective.dispose();
    return adversarial === start ? tf.clone(adversarial) : adversarial;
  } finally {
    start.dispose();
  }
}

/** The gradients of the objective. A loss of the caller's own, which cannot be sent to other threads, is taken here. */
async function differentiated(team: Team, { fn, signal }: Calling, terms: Terms): Promise<GradientsResult> {
  const { crew, model, net, variables } = team;
  const outLoss = lossName(terms.outLoss);
  if (outLoss === undefined) return objectiveGradients(fn, net, terms);
  const [x, y] = await Promise.all([readBlock(terms.clean.x), readBlock(terms.clean.y)]);
  const noise = terms.noise && (await readBlock(terms.noise));
  const rows = { clean: x.shape[0]!, noise: noise?.shape[0] ?? Number.POSITIVE_INFINITY };
  const parts = isRowByRow(model) ? Math.min(crew.size, rows.clean, rows.noise) : 1;
  const cleanParts = splitRows(rows.clean, parts);
  const noiseParts = noise && splitRows(rows.noise, parts);
  const shareOf = (part: RowRange | undefined, of: number) => (part === undefined ? 1 : part.count / of);
  const tasks = cleanParts.map((part, i): GradientsTask => {
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
      outLoss,
      share: { clean: shareOf(part, rows.clean), noise: shareOf(noisePart, rows.noise) },
      rng: terms.rng.save(),
      trainable: trainableFlags(model),
    };
  });
  const shards = await crew.run(fn, tasks, { signal });
  if (shards.length === 1) takeOver(shards[0]!, variables, terms.rng);
  return sumShards(shards, tasks, net.variables);
}

/** What a pass over the whole batch leaves behind: moving averages, and a stream of random numbers moved on by dropout. */
function takeOver({ changed, rng: state }: GradientsShard, variables: readonly tf.Variable[], rng: Rng): void {
  rng.restore(state);
  for (const { index, value } of changed) {
    const fresh = toTensor(value);
    variables[index]!.assign(fresh);
    fresh.dispose();
  }
}
