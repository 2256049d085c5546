import type * as tf from '@tensorflow/tfjs-core';
import type { Classifier, ModelLike } from '../../classifier/types';
import { checkKeys, checkPositive, checkWhole, type KeysOf, refuse, show, type Where } from '../../core/check';
import { checkInBounds } from '../../core/checkTensor';
import { inTasks, type Pausing } from '../../core/pausing';
import { follow, type ProgressOptions } from '../../core/progress';
import { createRng } from '../../core/rng';
import { inputsAndOut, type NamedInputs, noiseFor, type OutInputs } from '../wrapper/inputs';
import { centreOf, displacementsFrom, type Points, readPoints } from '../wrapper/points';
import { type InputOptions, wrappedNet } from '../wrapper/wrappedNet';
import { type CcuClassifier, ccuClassifier } from './ccuClassifier';
import { fitMixture } from './fitMixture';
import { embed, type Metric, principalMetric } from './metric';
import { type CcuModel, safeDensities } from './safeDensities';
import { restoreModel, type SavedCcu, saveModel } from './saved';

/** What {@link ccu} learns the two densities from: the training inputs, and what is not data unless it is to be noise. */
export type CcuData = tf.Tensor | (NamedInputs & OutInputs);

/** Options of {@link ccu}. */
export interface CcuOptions extends InputOptions, ProgressOptions {
  /** Gaussians in each mixture, at most one per example. @defaultValue a tenth of the examples, at most 100 */
  readonly components?: number;
  /** Weight of the out-distribution, > 0: the odds that an input is no data, before it has been seen. @defaultValue 1 */
  readonly lambda?: number;
  /**
   * Least variance of the metric in any direction, as a share of the largest, in (0, 1]. The paper's is 1e-6. The larger, the
   * less a certificate suffers from directions in which the data hardly vary. @defaultValue 0.01
   */
  readonly floor?: number;
  /** Most iterations of EM for each mixture; it ends sooner when the likelihood stops rising. @defaultValue 50 */
  readonly iterations?: number;
  /** Seed of the k-means start and of the default noise. @defaultValue 0 */
  readonly seed?: string | number;
}

/** What {@link ccu} returns. */
export interface Ccu extends CcuClassifier {
  /** Weight of the out-distribution. */
  readonly lambda: number;
  /** Plain data from which {@link restoreGuarantee} makes the same classifier on the same model. */
  save(): SavedCcu;
}

const fn = 'ccu';

const OPTIONS: KeysOf<CcuOptions> = {
  bounds: true,
  components: true,
  lambda: true,
  floor: true,
  iterations: true,
  seed: true,
  onProgress: true,
  signal: true,
};

/**
 * Weighs a model's prediction by how much more likely an input is under a density of the data than under one of everything
 * else, which makes every confidence go to 1/K far away and can be certified around any point (CCU, Meinke and Hein, ICLR 2020):
 *
 * `p(y|x) = [p(y|x, in) p(x|in) + lambda/K p(x|out)] / [p(x|in) + lambda p(x|out)]`,
 *
 * where p(y|x, in) is the softmax of the model. Both densities are mixtures of Gaussians that are spherical in a metric whose
 * unit ball has the shape of the data: principal axes, with no variance below `floor` times the largest. They are fitted by EM in
 * float64 from a k-means start. Every variance of p(x|out) is kept at least four times the largest of p(x|in), so that
 * p(x|out) wins in every direction; a narrower fit would refute the guarantee, and saved data are checked for it.
 *
 * With `b = p(x|in) / (lambda p(x|out))` the confidence is at most `(1 + K b) / (K + K b)`. `confidenceBound` bounds b over the
 * Euclidean ball by a concave quadratic function per Gaussian, which is sharper than the paper's bound by the triangle
 * inequality; rounding in float32 is counted. `farAwayRadius` is a root of an upper bound on b in the distance. See the guide
 * to guarantees.
 *
 * Predicted classes stay as they were. The guarantee does not depend on the weights of the model, and still holds when these
 * are trained on. Every gradient goes through.
 *
 * Work grows with examples times components times entries of an input, and for the axes with the number of axes that vary by
 * more than `floor` or, if these are most of them, with the cube of the entries: a few
 * thousand examples are enough for images.
 *
 * @param model - Any model with gradients, if it is to be attacked.
 * @param data - Training inputs `[n, ...inputShape]`, float32, finite, alone or as `{ x }`, and with `{ x, out }` what is not
 *   data, `[m, ...inputShape]`; left out, that is the paper's noise within the bounds, made of `x`, which must lie there then.
 *   They stay the caller's.
 * @throws OverconfidenceError `INVALID_SHAPE`, `EMPTY_INPUT` or `NON_FINITE` for `x` and `out`; `OUT_OF_BOUNDS` for `x` without
 *   `out`; `INVALID_ARGUMENT` if no two rows of `x` differ; `INVALID_OPTION` for other options out of range; `ABORTED`.
 *
 * @example
 * ```ts
 * import '@tensorflow/tfjs-backend-cpu';
 * import * as tf from '@tensorflow/tfjs-core';
 * import { confidences, uniformNoise } from 'relu-overconfidence';
 * import { ccu } from 'relu-overconfidence/guarantees';
 * import { mlp } from 'relu-overconfidence/models';
 *
 * const model = mlp({ inputShape: [2], hidden: [16, 16], classes: 2, seed: 1 });
 * const safe = await ccu(model, { x: uniformNoise([100, 2], { seed: 1 }) });
 * const point = tf.tensor2d([[4, 4]]);
 * const [radius] = await safe.radiusFor(point, 0.51);
 * console.log(radius! > 1); // true: within 1 of the point, no confidence is above 0.51
 * console.log(await confidences(safe, point)); // Float64Array [ 0.5 ]
 * ```
 */
export async function ccu(model: ModelLike, data: CcuData, options: CcuOptions = {}): Promise<Ccu> {
  checkKeys({ fn, argument: 'options' }, options, OPTIONS);
  const { lambda = 1, floor = 0.01, iterations = 50, seed = 0, components, bounds, ...watching } = options;
  const { x, out } = inputsAndOut(fn, data);
  checkPositive({ fn, argument: 'lambda' }, lambda);
  checkWhole({ fn, argument: 'iterations' }, iterations);
  if (!(floor > 0 && floor <= 1))
    refuse({ fn, argument: 'floor' }, 'INVALID_OPTION', 'a share in (0, 1]', show(floor), 'Leave the default.');
  const tell = follow(fn, watching, Number.NaN);
  const net = wrappedNet(fn, model, { ...(bounds && { bounds }), inputShape: x.shape.slice(1) });
  const rng = createRng(seed);
  const points = await readPoints({ fn, argument: 'x' }, x, net.inputShape);
  if (out === undefined) checkInBounds({ fn, argument: 'x' }, x, net.bounds);
  const noise = out ?? noiseFor(net)(x, rng.fork('noise'));
  const outPoints = await readPoints({ fn, argument: 'out' }, noise, net.inputShape).finally(() => {
    if (noise !== out) noise.dispose();
  });
  const count = (of: Points) => components ?? Math.min(100, Math.ceil(of.count / 10));
  for (const of of [points, outPoints]) checkComponents(count(of), of.count);
  const work = <T>(of: Pausing<T>) => inTasks(fn, of, watching.signal);
  let done = 0;
  tell(done, 'principal axes');
  const centre = centreOf(points);
  const found = await work(principalMetric(centre, displacementsFrom(centre, points), floor));
  const metric = found ?? refuseConstant();
  const fit = function* (of: Points, name: string, leastVariance?: number) {
    return yield* fitMixture({
      points: yield* embedded(metric, of),
      size: metric.axes.length + of.size,
      dimensions: of.size,
      components: count(of),
      iterations,
      ...(leastVariance !== undefined && { leastVariance }),
      rng: rng.fork(name),
      tell: (label) => tell(++done, `${label}, ${name}`),
    });
  };
  const inside = await work(fit(points, 'data'));
  const outside = await work(
    fit(outPoints, 'noise', VARIANCE_RATIO * inside.variances.reduce((a, b) => Math.max(a, b))),
  );
  const inputs = { inputShape: net.inputShape, bounds: net.bounds };
  return assemble(fn, net, saveModel({ metric, inside, outside, lambda }, inputs));
}

/** The wrapper that was saved, on its model. */
export async function restoreCcu(model: ModelLike, saved: SavedCcu): Promise<Ccu> {
  return assemble('restoreGuarantee', wrappedNet('restoreGuarantee', model, saved), saved);
}

/** Always from the saved form, so that a restored classifier has the same bits. */
function assemble(caller: string, net: Classifier, saved: SavedCcu): Ccu {
  const model = restoreModel(saved);
  checkCondition({ fn: caller, argument: caller === fn ? 'x' : 'saved' }, model);
  return Object.assign(ccuClassifier(net, model), { lambda: saved.lambda, save: () => saved });
}

function* embedded(metric: Metric, points: Points): Pausing<Float64Array> {
  const size = metric.axes.length + points.size;
  const result = new Float64Array(points.count * size);
  for (const [i, displacement] of displacementsFrom(metric.centre, points).entries()) {
    result.set(embed(metric, displacement), i * size);
    yield;
  }
  return result;
}

function checkComponents(components: number, examples: number): void {
  const where = { fn, argument: 'components' };
  checkWhole(where, components);
  if (components > examples)
    refuse(where, 'INVALID_OPTION', `at most ${examples}, one per example`, String(components), 'Ask for fewer.');
}

function refuseConstant(): never {
  return refuse(
    { fn, argument: 'x' },
    'INVALID_ARGUMENT',
    'examples that differ',
    'a batch of equal rows',
    'Pass the training data.',
  );
}

/** How many times the largest variance of the data every variance outside must be. */
const VARIANCE_RATIO = 4;

/**
 * Refuses densities for which the theorem does not hold. The out-density must fall more slowly in every direction than each
 * Gaussian of the data, rounding included, or far away the data would win.
 */
function checkCondition(where: Where, model: CcuModel): void {
  const largest = model.inside.variances.reduce((a, b) => Math.max(a, b));
  const least = model.outside.variances.reduce((a, b) => Math.min(a, b));
  if (!(least >= VARIANCE_RATIO * largest))
    refuse(
      where,
      'INVALID_OPTION',
      `densities whose variances outside are at least ${VARIANCE_RATIO} times those of the data`,
      `${least} outside and ${largest} for the data`,
      'Fit them with `ccu`.',
    );
  const { inside, outside } = safeDensities(model);
  const slowest = inside.rates.reduce((a, b) => Math.min(a, b));
  const fastest = outside.rates.reduce((a, b) => Math.max(a, b));
  if (!(slowest > fastest))
    refuse(
      where,
      'UNSUPPORTED_MODEL',
      'inputs with so few entries that float32 can tell the densities apart',
      `${model.metric.centre.length} entries`,
      'Reduce the size of the input.',
    );
}
