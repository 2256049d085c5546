import * as tf from '@tensorflow/tfjs-core';
import { model as functional, type LayersModel, layers, input as symbolicInput } from '@tensorflow/tfjs-layers';
import { pgdLinf } from '../../../src/attacks/pgdLinf';
import { differentiate } from '../../../src/classifier/differentiate';
import { classifier } from '../../../src/classifier/index';
import { OverconfidenceError } from '../../../src/core/errors';
import { createRng } from '../../../src/core/rng';
import { fillWeights, type LayerCase } from './cases';

/** What the gradients of a layer turned out to be. */
export type Verdict =
  | { readonly kind: 'ok'; readonly error: number }
  | { readonly kind: 'wrong'; readonly error: number }
  | { readonly kind: 'refused'; readonly code: string; readonly message: string }
  | { readonly kind: 'threw'; readonly message: string };

/** What was found out about a layer on the backend at hand. */
export interface LayerReport {
  /** Why the layer cannot even be run, if it cannot. */
  readonly noForward?: string;
  /** The input gradient as the library takes it. */
  readonly ours: Verdict;
  /** The same by `tf.valueAndGrad` alone. */
  readonly stock: Verdict;
  /** The gradient by a sample of the weights as the library takes it; undefined without weights. */
  readonly weights: Verdict | undefined;
  /** Largest difference of the objective between an attack on one batch and one by one; undefined where it cannot run. */
  readonly batchDifference: number | undefined;
  /** Tensors that the library left behind. */
  readonly leaked: number;
  /** Logits of the batch. */
  readonly logits: Float32Array;
}

/** Images in a batch. */
const BATCH = 3;
/** Largest error of a right gradient, as a share of its largest entry. */
const TOLERANCE = 5e-3;
const SAMPLED_WEIGHTS = 10;

/** Runs a case on the current backend. */
export function checkLayer(layerCase: LayerCase): LayerReport {
  let net: LayersModel;
  let logits: Float32Array;
  const x = pointsOf(layerCase);
  try {
    net = modelOf(layerCase);
    logits = tf.tidy(() =>
      (net.apply(tf.tensor(x, [BATCH, ...layerCase.shape]), { training: false }) as tf.Tensor).dataSync(),
    ) as Float32Array;
  } catch (error) {
    const none = { kind: 'threw', message: 'no forward pass' } as const;
    return {
      noForward: String(error).split('\n')[0]!,
      ours: none,
      stock: none,
      weights: undefined,
      batchDifference: undefined,
      leaked: 0,
      logits: new Float32Array(0),
    };
  }
  const truth = differences(net, layerCase, x);
  const weigh = (z: tf.Tensor) => tf.sum<tf.Scalar>(tf.mul(z, READ_OUT));
  const gradient = () =>
    tf.tidy(() =>
      tf
        .grad((u: tf.Tensor) => weigh(net.apply(u, { training: false }) as tf.Tensor))(
          tf.tensor(x, [BATCH, ...layerCase.shape]),
        )
        .dataSync(),
    );
  const before = tf.memory().numTensors;
  const ours = verdict(() => differentiate('pgdLinf', gradient), truth, layerCase);
  const report: LayerReport = {
    ours,
    weights: checkWeights(net, layerCase, x, weigh),
    batchDifference: ours.kind === 'ok' ? batchDifference(net, layerCase, x) : undefined,
    leaked: tf.memory().numTensors - before,
    // After counting: where tfjs throws, it leaves tensors behind.
    stock: verdict(gradient, truth, layerCase),
    logits,
  };
  net.dispose();
  return report;
}

/** What the gradient of a case is worth on the current backend, for a table. */
export function verdictInWords(layerCase: LayerCase): string {
  const { noForward, ours, stock, weights, batchDifference, leaked } = checkLayer(layerCase);
  if (noForward !== undefined) return '–';
  if (ours.kind === 'refused') return `refused: \`${ours.code}\``;
  const sound = ours.kind === 'ok' && batchDifference! < 1e-5 && leaked === 0;
  if (!sound) return '**WRONG**';
  const input = stock.kind === 'ok' ? 'ok' : 'corrected';
  return `${input}${layerCase.flat ? ', zero' : ''}${ofWeights(weights)}`;
}

function ofWeights(weights: Verdict | undefined): string {
  if (weights === undefined || weights.kind === 'ok') return '';
  return weights.kind === 'refused' ? ', weights refused' : ', **weights WRONG**';
}

/** How the logits are weighed into the number that is differentiated: every image and class differently. */
const READ_OUT = [
  [1, -0.5, 0.25],
  [-0.75, 0.5, 1],
  [0.5, 1, -1],
];

function modelOf({ shape, build }: LayerCase): LayersModel {
  const entry = symbolicInput({ shape: [...shape] });
  let output = build(entry);
  if (output.shape.length > 2) output = layers.flatten().apply(output) as typeof output;
  const net = functional({ inputs: entry, outputs: layers.dense({ units: 3 }).apply(output) as typeof output });
  const values = fillWeights(net.weights.map(({ originalName, shape: of }) => ({ name: originalName, shape: of })));
  tf.tidy(() => net.setWeights(net.weights.map(({ shape: of }, i) => tf.tensor(values[i]!, of as number[]))));
  return net;
}

/** Inputs all of whose values differ by the same step at least, none of them near zero: kinks are then not near. */
function pointsOf({ shape, range: [low, high] = [-1, 1] }: LayerCase): Float32Array {
  const rng = createRng('inputs of the layer table');
  const size = shape.reduce((a, b) => a * b);
  const values = () => [...rng.permutation(size)].map((k) => low + ((high - low) * (k + 0.75)) / size);
  return Float32Array.from(Array.from({ length: BATCH }, values).flat());
}

/** Central differences of two steps, from which the error of third order cancels; `NaN` where they disagree, as at a kink. */
function differences(net: LayersModel, { shape, flat }: LayerCase, x: Float32Array): Float64Array {
  const size = x.length / BATCH;
  const h = (flat ? 0.01 : 0.4) / size;
  const steps = [h, -h, h / 2, -h / 2];
  const moved = new Float32Array(size * steps.length * x.length);
  for (let i = 0, at = 0; i < size; i++)
    for (const step of steps) {
      moved.set(x, at);
      for (let b = 0; b < BATCH; b++) moved[at + b * size + i]! += step;
      at += x.length;
    }
  const rows = size * steps.length * BATCH;
  const logits = tf.tidy(() =>
    (net.apply(tf.tensor(moved, [rows, ...shape]), { training: false }) as tf.Tensor).dataSync(),
  );
  const value = (row: number, b: number) =>
    READ_OUT[b]!.reduce((sum, weight, k) => sum + weight * logits[row * 3 + k]!, 0);
  const gradient = new Float64Array(x.length);
  for (let i = 0; i < size; i++)
    for (let b = 0; b < BATCH; b++) {
      const at = (s: number) => value((i * steps.length + s) * BATCH + b, b);
      const realStep = (s: number) => moved[((i * steps.length + s) * BATCH + b) * size + i]!;
      const wide = (at(0) - at(1)) / (realStep(0) - realStep(1));
      const narrow = (at(2) - at(3)) / (realStep(2) - realStep(3));
      gradient[b * size + i] = (4 * narrow - wide) / 3;
    }
  return gradient;
}

function verdict(work: () => ArrayLike<number>, truth: ArrayLike<number>, { flat }: LayerCase): Verdict {
  let found: ArrayLike<number>;
  try {
    found = work();
  } catch (error) {
    const message = String(error instanceof Error ? error.message : error).split('\n')[0]!;
    return error instanceof OverconfidenceError
      ? { kind: 'refused', code: error.code, message }
      : { kind: 'threw', message };
  }
  const largest = Array.from(truth).reduce((most, v) => Math.max(most, Math.abs(v)), 0);
  let error = 0;
  for (let i = 0; i < truth.length; i++) {
    const off = Math.abs(found[i]! - truth[i]!);
    error = Math.max(error, Number.isNaN(off) ? Number.POSITIVE_INFINITY : off);
  }
  const relative = flat && largest === 0 ? error : error / largest;
  return { kind: relative <= TOLERANCE ? 'ok' : 'wrong', error: relative };
}

/** The gradient by some of the weights against central differences. */
function checkWeights(
  net: LayersModel,
  layerCase: LayerCase,
  x: Float32Array,
  weigh: (z: tf.Tensor) => tf.Scalar,
): Verdict | undefined {
  // The last two are those of the layer that reads the others out.
  const own = net.trainableWeights.slice(0, -2).map((weight) => weight.read() as tf.Variable);
  if (own.length === 0) return undefined;
  const rng = createRng('sampled weights');
  const forward = () =>
    tf.tidy(() => weigh(net.apply(tf.tensor(x, [BATCH, ...layerCase.shape]), { training: false }) as tf.Tensor));
  const value = () =>
    tf.tidy(() => {
      const z = (net.apply(tf.tensor(x, [BATCH, ...layerCase.shape]), { training: false }) as tf.Tensor).dataSync();
      return READ_OUT.flat().reduce((sum, weight, i) => sum + weight * z[i]!, 0);
    });
  const truth: number[] = [];
  const picked = own.map((variable) => {
    const at = [...rng.permutation(variable.size)].slice(0, SAMPLED_WEIGHTS);
    const values = variable.dataSync().slice() as Float32Array;
    const assign = (changed: Float32Array) => tf.tidy(() => variable.assign(tf.tensor(changed, variable.shape)));
    for (const i of at) {
      const slope = (h: number) => {
        const ends = [h, -h].map((step) => {
          const changed = values.slice();
          changed[i]! += step;
          assign(changed);
          return [changed[i]!, value()] as const;
        });
        return (ends[0]![1] - ends[1]![1]) / (ends[0]![0] - ends[1]![0]);
      };
      truth.push((4 * slope(2 ** -8) - slope(2 ** -7)) / 3);
    }
    assign(values);
    return at;
  });
  const found = () =>
    tf.tidy(() => {
      const { grads } = differentiate('acetStep', () => tf.variableGrads(forward, own));
      return own.flatMap(({ name }, k) => {
        const values = grads[name]!.dataSync();
        return picked[k]!.map((i) => values[i]!);
      });
    });
  return verdict(found, truth, layerCase);
}

/** The same attack on the batch and on each image alone, with the same random starts. */
function batchDifference(net: LayersModel, { shape, range = [-5, 5] }: LayerCase, x: Float32Array): number {
  return tf.tidy(() => {
    const images = tf.tensor(x, [BATCH, ...shape]);
    const model = classifier(net, { bounds: range, inputShape: shape });
    const options = { epsilon: 0.05, steps: 4, seed: 1 };
    const together = pgdLinf(model, images, options).objective.dataSync();
    const alone = Array.from({ length: BATCH }, (_, first) =>
      pgdLinf(model, tf.slice(images, first, 1), { ...options, rows: { first, of: BATCH } }).objective.dataSync(),
    );
    return Math.max(...alone.map(([value], i) => Math.abs(value! - together[i]!)));
  });
}
