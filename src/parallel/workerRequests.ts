import * as tf from '@tensorflow/tfjs-core';
import { type LayersModel, models } from '@tensorflow/tfjs-layers';
import { ATTACKS } from '../attacks/attackTable';
import type { AttackStep, PgdOptions } from '../attacks/types';
import { classifierBy } from '../classifier/classifier';
import { registerNormalization } from '../classifier/normalizationLayer';
import { readLogits } from '../classifier/readLogits';
import type { Classifier } from '../classifier/types';
import { createRng, type Rng, type RngState } from '../core/rng';
import { lossesOf } from '../losses/headLosses';
import { LOSSES } from '../losses/lossTable';
import { objectiveGradients } from '../training/objectiveGradients';
import { type Block, takeBlock, toTensor } from './blocks';
import type {
  AttackAnswer,
  AttackRequest,
  ChangedVariable,
  GradientsAnswer,
  GradientsRequest,
  LogitsAnswer,
  LogitsRequest,
  NewWeights,
  SetupRequest,
} from './messages';
import { allVariables, setTrainable } from './modelParts';

/** A worker's copy of the model. */
export interface Copy {
  readonly model: LayersModel;
  readonly net: Classifier;
  readonly variables: readonly tf.Variable[];
}

/** Builds the model; its weights come later. */
export async function build({ topology, plan }: SetupRequest): Promise<Copy> {
  registerNormalization();
  const model = await models.modelFromJSON(JSON.parse(topology));
  return { model, net: classifierBy(plan, model), variables: allVariables(model) };
}

/** Takes over new weights. */
export function load({ variables }: Copy, { values, changed }: NewWeights): void {
  const isNew = new Set(changed);
  let start = 0;
  for (const [i, variable] of variables.entries()) {
    const end = start + variable.size;
    // A copy, because some backends keep the array that they are given and not all take shared memory.
    if (isNew.has(i)) tf.tidy(() => variable.assign(tf.tensor(values.slice(start, end), variable.shape)));
    start = end;
  }
}

/** Attacks some rows of a batch. */
export async function attack(
  { net }: Copy,
  { attack: name, x, rows, rng: state, objective, settings, tellSteps }: AttackRequest,
  tell: (at: AttackStep) => void,
): Promise<AttackAnswer> {
  const images = toTensor(x);
  const labels = typeof objective === 'object' ? toTensor(objective.labels) : undefined;
  try {
    const rng = restored(state);
    const options: PgdOptions = {
      ...settings,
      rows,
      rng,
      ...(typeof objective === 'string' ? { objective: LOSSES[objective] } : {}),
      ...(typeof objective === 'object' ? { objective: lossesOf(objective).inLossTo(labels!, objective.classes) } : {}),
      ...(tellSteps ? { onStep: tell } : {}),
    };
    const { adversarial, objective: reached, ...counts } = ATTACKS[name](net, images, options);
    const [best, values] = [await takeBlock(adversarial), await takeBlock(reached)];
    return { kind: 'attack', adversarial: best, objective: values, ...counts, rng: rng.save() };
  } finally {
    tf.dispose([images, labels ?? []]);
  }
}

/** Differentiates the training objective on some rows of a batch. */
export async function gradients({ model, net, variables }: Copy, request: GradientsRequest): Promise<GradientsAnswer> {
  const { fn, lambda, weightDecay, classWeights, share } = request;
  setTrainable(model, request.trainable);
  const before = variables.map(({ dataId }) => dataId);
  const rng = restored(request.rng);
  const result = tf.tidy(() => {
    const clean = { x: toTensor(request.x), y: toTensor(request.y) };
    const terms = { clean, lambda, weightDecay, classWeights, share, rng };
    const noise = request.noise === undefined ? {} : { noise: toTensor(request.noise) };
    return objectiveGradients(fn, net, { ...terms, ...noise, outLoss: LOSSES[request.outLoss] });
  });
  const { grads, loss, inLoss, outLoss, outConfidence } = result;
  const number = async (scalar: tf.Scalar) => (await takeBlock(scalar)).values[0]!;
  return {
    kind: 'gradients',
    loss: await number(loss),
    inLoss: await number(inLoss),
    outLoss: await number(outLoss),
    outConfidence: await number(outConfidence),
    grads: await Promise.all(net.variables.map(({ name }) => takeBlock(grads[name]!))),
    changed: await changedSince(before, variables),
    rng: rng.save(),
  };
}

/** Computes the logits of some rows. */
export async function logits({ net }: Copy, { fn, x, batchSize }: LogitsRequest): Promise<LogitsAnswer> {
  const images = toTensor(x);
  try {
    const { values } = await readLogits(fn, net, images, batchSize === undefined ? {} : { batchSize });
    return { kind: 'logits', values };
  } finally {
    images.dispose();
  }
}

async function changedSince(before: readonly object[], variables: readonly tf.Variable[]): Promise<ChangedVariable[]> {
  const changed = variables.flatMap((variable, index) =>
    variable.dataId === before[index] ? [] : [{ variable, index }],
  );
  const values: Block[] = await Promise.all(changed.map(({ variable }) => takeBlock(tf.clone(variable))));
  return changed.map(({ index }, i) => ({ index, value: values[i]! }));
}

function restored(state: RngState): Rng {
  const rng = createRng(0);
  rng.restore(state);
  return rng;
}
