import * as tf from '@tensorflow/tfjs-core';
import { asClassifier } from '../classifier/asClassifier';
import { checkGradients } from '../classifier/differentiate';
import { factsOf } from '../classifier/factsOf';
import { imageOf } from '../classifier/inputFacts';
import type { Classifier, ModelLike } from '../classifier/types';
import { type Bounds, checkBox, isPair, type UnitBox, unitBox } from '../core/bounds';
import { checkFunction, checkKeys, checkPositive, checkWhole, type KeysOf } from '../core/check';
import { checkBatch, checkInBounds } from '../core/checkTensor';
import type { ImageSize } from '../core/imageSize';
import { resolveRng } from '../core/resolveRng';
import type { Rng } from '../core/rng';
import { lossesOf } from '../losses/headLosses';
import { type AttackName, type AttackReach, attackDefaults } from './attackDefaults';
import type { AttackResult, AttackStep, BatchRows, Objective, PgdOptions } from './types';

/** An attack that may begin: everything checked, every default filled in. */
export interface AttackTask extends AttackReach {
  readonly fn: string;
  readonly classifier: Classifier;
  /** The images, `[B, ...inputShape]`, float32, inside the bounds. */
  readonly center: tf.Tensor;
  readonly bounds: readonly [number, number];
  /** The coordinates of the attack, where those of the inputs have different bounds. */
  readonly unit: UnitBox | undefined;
  /** Sizes of the images, of inputs that are such. */
  readonly image: ImageSize | undefined;
  readonly restarts: number;
  readonly randomStart: boolean;
  readonly rows: BatchRows;
  readonly keepBest: boolean;
  readonly objective: Objective;
  readonly rng: Rng;
  readonly onStep: ((progress: AttackStep) => void) | undefined;
  readonly signal: AbortSignal | undefined;
  readonly memory: number | undefined;
}

/** The options of all attacks together: each takes them all, so that a trainer can pass the same to whichever it is given. */
const KEYS: KeysOf<PgdOptions> = {
  epsilon: true,
  steps: true,
  stepSize: true,
  restarts: true,
  randomStart: true,
  rows: true,
  objective: true,
  keepBest: true,
  bounds: true,
  memory: true,
  onStep: true,
  signal: true,
  rng: true,
  seed: true,
};

/** Attacks in coordinates in which the box is the same for all of them, and gives back inputs. */
export function inUnitBox(task: AttackTask, attack: (task: AttackTask) => AttackResult): AttackResult {
  const { unit, center, classifier } = task;
  if (unit === undefined) return attack(task);
  const logits = (u: tf.Tensor) => tf.tidy(() => classifier.logits(unit.outOf(u)));
  const moved = tf.tidy(() => unit.into(center));
  try {
    const found = attack({ ...task, center: moved, classifier: Object.assign(factsOf(classifier), { logits }) });
    const adversarial = tf.tidy(() => unit.outOf(found.adversarial));
    tf.dispose(found.adversarial);
    return { ...found, adversarial };
  } finally {
    tf.dispose(moved);
  }
}

/** Checks the arguments that all attacks share; no tensor is made. */
export function prepareAttack(fn: AttackName, model: ModelLike, x: tf.Tensor, options: PgdOptions): AttackTask {
  checkKeys({ fn, argument: 'options' }, options, KEYS);
  const { restarts = 1, randomStart = true, keepBest = true } = options;
  checkWhole({ fn, argument: 'restarts' }, restarts);
  if (options.memory !== undefined) checkPositive({ fn, argument: 'memory' }, options.memory);
  if (options.onStep !== undefined) checkFunction({ fn, argument: 'onStep' }, options.onStep);
  checkGradients(fn);
  const rng = resolveRng(options);
  const classifier = asClassifier(fn, model, x);
  const { logConfidence, logOdds } = lossesOf(classifier);
  const { bounds = classifier.bounds, objective = fn === 'maxConfidenceAttack' ? logOdds : logConfidence } = options;
  checkFunction({ fn, argument: 'objective' }, objective);
  checkBox({ fn, argument: 'bounds' }, bounds, classifier.inputShape);
  const reach = attackDefaults(fn, bounds, options);
  checkImages(fn, x, classifier.inputShape, bounds);
  const { rows = { first: 0, of: x.shape[0]! } } = options;
  checkRows(fn, rows, x.shape[0]!);
  return {
    fn,
    classifier,
    center: x,
    bounds: isPair(bounds) ? bounds : [0, 1],
    unit: isPair(bounds) ? undefined : unitBox(fn, bounds),
    image: imageOf(classifier),
    ...reach,
    restarts,
    randomStart,
    rows,
    keepBest,
    objective,
    rng,
    onStep: options.onStep,
    signal: options.signal,
    memory: options.memory,
  };
}

function checkImages(fn: string, x: tf.Tensor, inputShape: readonly number[], bounds: Bounds): void {
  const where = { fn, argument: 'x' };
  checkBatch(where, x, inputShape);
  checkInBounds(where, x, bounds);
}

function checkRows(fn: string, { first, of }: BatchRows, count: number): void {
  checkWhole({ fn, argument: 'rows.first' }, first, 0);
  checkWhole({ fn, argument: 'rows.of' }, of, first + count);
}
