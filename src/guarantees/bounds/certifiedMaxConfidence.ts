import {
  checkBounds,
  checkKeys,
  checkNonNegative,
  checkOneOf,
  checkPositive,
  type KeysOf,
  refuse,
} from '../../core/check';
import { atOnce, type Pausing } from '../../core/pausing';
import { follow, type ProgressOptions } from '../../core/progress';
import { softmax } from '../../core/softmax';
import { evaluate } from '../../regions/evaluate';
import { readRows, type Samples } from '../../regions/readRows';
import type { PiecewiseAffine } from '../../regions/types';
import { searchConfidence } from '../search/searchConfidence';
import { unitChain } from '../search/unitChain';
import type { Norm } from './ball';
import { type BoundMethod, confidenceOverBox } from './confidenceOverBox';
import { type Arithmetic, ballIn } from './interval';

/** Options of {@link certifiedMaxConfidence}. Progress is counted in inputs; the call is synchronous. */
export interface CertifyOptions extends ProgressOptions {
  /**
   * 'interval' propagates intervals, in the time of a few evaluations; 'crown' bounds every unit that the intervals leave open
   * by linear functions of the input, and is never looser. @defaultValue 'crown'
   */
  readonly method?: BoundMethod;
  /**
   * How the distance from an input is measured: by the largest difference of two entries ('linf'), by its Euclidean length
   * ('l2') or by the sum of all ('l1'). @defaultValue 'linf'
   */
  readonly norm?: Norm;
  /** The box of valid inputs `[low, high]`, in input units. @defaultValue [0, 1] */
  readonly bounds?: readonly [number, number];
  /**
   * Whose confidence is bounded: 'float32' for the softmax of the logits that tfjs computes in float32, see below for the
   * backends; 'real' for the network in exact arithmetic on the same weights. @defaultValue 'float32'
   */
  readonly arithmetic?: Arithmetic;
  /**
   * How long the largest confidence near each input is searched for, in seconds, from the bound of 'crown' on; only with
   * `method: 'crown'` and `norm: 'linf'`. Nothing else runs meanwhile, so a signal is heard between inputs only; `confidenceSandwich` hears
   * its signal inside the search. @defaultValue not at all
   */
  readonly seconds?: number;
}

/** Bounds that were searched for: an array of one for each input that also says how near they are to the maxima. */
export interface SearchedBounds extends Float64Array {
  /** For each input the confidence, evaluated in float64, at the best point that was found: the maximum is at least that. */
  readonly reached: Float64Array;
  /** For each input that point, flat, d numbers. */
  readonly points: readonly Float64Array[];
  /**
   * For each input whether nothing was left to search when the time was up: then the bound is the maximum of the network in exact
   * arithmetic, up to 1e-6 and, unless the arithmetic is 'real', what float32 may add, and `reached` is below it by no more.
   */
  readonly exact: readonly boolean[];
  /** For each input how many parts of the ball were bounded. */
  readonly nodes: Int32Array;
  /** For each input how long it took. */
  readonly seconds: Float64Array;
}

const fn = 'certifiedMaxConfidence';
const KEYS: KeysOf<CertifyOptions> = {
  method: true,
  norm: true,
  bounds: true,
  arithmetic: true,
  seconds: true,
  onProgress: true,
  signal: true,
};

/**
 * Upper bounds on the confidence at every point of the box within a distance of an input, in the L-infinity norm unless told
 * otherwise: no attack of that radius can reach more.
 *
 * With upper bounds u_kj on the differences of logits, `z_k - z_j <= u_kj`, every confidence is at most
 * `max_k 1 / sum_j exp(-u_kj)` (u_kk = 0). The differences are bounded as one function each, by interval bound propagation
 * (Bitterwolf, Meinke and Hein, GOOD, 2020) or by linear relaxation of the units (Zhang et al., CROWN, 2018), layer after
 * layer. A ball of another norm is bounded by the dual norms of what is linear in the input, and by the box around it, whichever
 * is lower. Every operation is rounded outwards, so that the bounds hold for the numbers and not only on paper. At epsilon 0
 * they are the confidences, up to rounding.
 *
 * A float32 evaluation differs from the exact network. By default its error is bounded too, from the sizes of all values in
 * the ball, and added. That covers every backend whose products and sums are rounded to nearest float32, in whatever order
 * they are added, with or without fused products, whether or not it flushes numbers below 2^-126 to zero, with convolutions
 * as sums or by the kernels of `enableWasmTraining`; and the bound is 1 where float32 might overflow. It covers no half
 * precision (WebGL on some phones), no TF32 or bfloat16, and no other fast convolutions than ours (cuDNN under tfjs-node-gpu).
 *
 * The confidence is the one of `confidences`: the softmax in float64 of the float32 logits. A softmax layer that
 * `model.predict` evaluates rounds once more, by a few millionths of the confidence, which may lie above the bound by that.
 *
 * With `seconds` the bound of each input is lowered for as long as that, or until it is the maximum, by branch and bound on which side of
 * its kink each unit is; with it come the best point found and whether the search came to its end. It is for networks of a few hundred open units:
 * affine layers, and units with one kink at 0 (ReLU, LeakyReLU, PReLU), one after the other; all others are refused by
 * name. The same call finds the same numbers as long as the time suffices. `onProgress` is called during the search too, and may fire the signal.
 *
 * @param net - A network read by `toPiecewiseAffine`.
 * @param x - A batch `[n, ...inputShape]`, or n flat lists of d numbers, inside the bounds.
 * @param epsilon - Radius of the ball, in input units, >= 0.
 * @returns One bound for each input, in [1/K, 1]; with `seconds` also what the search found.
 * @throws OverconfidenceError `INVALID_OPTION` for epsilon, an option out of range or an unknown one, or for `seconds` with another method or
 *   norm; `UNSUPPORTED_MODEL` for a network that cannot be searched; `INVALID_ARGUMENT`, `INVALID_SHAPE`,
 *   `EMPTY_INPUT`, `NON_FINITE` or `OUT_OF_BOUNDS` for `x`; `MISSING_KERNEL` for a tensor on webgpu; `ABORTED`.
 *
 * @example
 * ```ts
 * import '@tensorflow/tfjs-backend-cpu';
 * import { certifiedMaxConfidence } from 'relu-overconfidence/guarantees';
 * import { mlp } from 'relu-overconfidence/models';
 * import { toPiecewiseAffine } from 'relu-overconfidence/regions';
 *
 * const net = toPiecewiseAffine(mlp({ inputShape: [2], hidden: [16, 16], classes: 3, seed: 1 }));
 * console.log(certifiedMaxConfidence(net, [[0.5, 0.5]], 0.05)); // no confidence in the ball is higher
 * console.log(certifiedMaxConfidence(net, [[0.5, 0.5]], 0.05, { method: 'interval' })); // faster, and looser
 *
 * const searched = certifiedMaxConfidence(net, [[0.5, 0.5]], 0.05, { seconds: 10 });
 * console.log(searched.exact[0], searched[0]! - searched.reached[0]! < 1e-3); // true true
 * ```
 */
export function certifiedMaxConfidence(
  net: PiecewiseAffine,
  x: Samples,
  epsilon: number,
  options: CertifyOptions & { readonly seconds: number },
): SearchedBounds;
export function certifiedMaxConfidence(
  net: PiecewiseAffine,
  x: Samples,
  epsilon: number,
  options?: CertifyOptions,
): Float64Array;
export function certifiedMaxConfidence(
  net: PiecewiseAffine,
  x: Samples,
  epsilon: number,
  options: CertifyOptions = {},
): Float64Array {
  checkKeys({ fn, argument: 'options' }, options, KEYS);
  const { method = 'crown', norm = 'linf', bounds = [0, 1], arithmetic = 'float32', seconds, ...watching } = options;
  checkNonNegative({ fn, argument: 'epsilon' }, epsilon);
  checkOneOf({ fn, argument: 'method' }, method, ['interval', 'crown']);
  checkOneOf({ fn, argument: 'norm' }, norm, ['linf', 'l2', 'l1']);
  checkOneOf({ fn, argument: 'arithmetic' }, arithmetic, ['float32', 'real']);
  checkBounds({ fn, argument: 'bounds' }, bounds);
  const where = { fn, argument: 'x' };
  const rows = readRows(where, net, x);
  const boxes = rows.map((row) => ballIn(where, row, epsilon, { norm, bounds, arithmetic }));
  const chain = seconds === undefined ? undefined : checkSearch(net, seconds, method, norm);
  const tell = follow(fn, watching, boxes.length);
  if (seconds === undefined || chain === undefined)
    return Float64Array.from(boxes, (box, i) => {
      const confidence = atOnce(confidenceOverBox(net, box, method, arithmetic));
      tell(i + 1, 'inputs');
      return confidence;
    });
  const found = boxes.map((box, i) => {
    const inside = ballIn(where, rows[i]!, epsilon, { norm, bounds, arithmetic: 'real' });
    const began = performance.now();
    const late = (share: number) => performance.now() - began > share * 1000 * seconds;
    const answer = told(searchConfidence({ net, chain, box, inside, arithmetic }, late), () => tell(i, 'inputs'));
    if (answer.unsearched !== undefined) refuseSearch(answer.unsearched);
    tell(i + 1, 'inputs');
    return { ...answer, seconds: (performance.now() - began) / 1000 };
  });
  return Object.assign(
    Float64Array.from(found, ({ bound }) => bound),
    {
      reached: Float64Array.from(found, ({ point }) => softmax(evaluate(net, point)).reduce((a, b) => Math.max(a, b))),
      points: found.map(({ point }) => point),
      exact: found.map(({ exact }) => exact),
      nodes: Int32Array.from(found, ({ nodes }) => nodes),
      seconds: Float64Array.from(found, ({ seconds: took }) => took),
    },
  );
}

function checkSearch(net: PiecewiseAffine, seconds: number, method: BoundMethod, norm: Norm) {
  const where = { fn, argument: 'seconds' };
  checkPositive(where, seconds);
  if (method !== 'crown' || norm !== 'linf')
    refuse(
      where,
      'INVALID_OPTION',
      "left out unless the method is 'crown' and the norm 'linf'",
      `${seconds} with method '${method}' and norm '${norm}'`,
      'Leave out `seconds`, or the method and the norm.',
    );
  const chain = unitChain(net);
  return typeof chain === 'string' ? refuseSearch(chain) : chain;
}

function refuseSearch(reason: string): never {
  return refuse(
    { fn, argument: 'seconds' },
    'UNSUPPORTED_MODEL',
    'left out unless the network can be searched: affine layers and ReLUs, one after the other, with a few hundred units on both sides of their kinks',
    `a network with ${reason}`,
    'Leave out `seconds`: the bound of CROWN holds for every network; or pass a smaller epsilon if units are too many.',
  );
}

/** How often, in milliseconds, work at once says how far it is. */
const TELL_EVERY = 200;

/** Does the work at once, and tells again and again that it goes on. */
function told<T>(work: Pausing<T>, tell: () => void): T {
  for (let last = performance.now(); ; ) {
    const { done, value } = work.next();
    if (done) return value;
    if (performance.now() - last < TELL_EVERY) continue;
    last = performance.now();
    tell();
  }
}
