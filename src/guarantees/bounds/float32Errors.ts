import type { Pausing } from '../../core/pausing';
import { interceptOf, repeated, slopeOf } from '../../regions/pass/rounding';
import type { AffineGraphNode, AffineNode, KinkNode, PiecewiseAffine } from '../../regions/types';
import {
  FLUSHED,
  FLUSHED_DIVIDED,
  fastConvolution,
  flushedShifts,
  flushedSum,
  gamma,
  LARGEST,
  roundoff,
  roundoffOfSum,
} from '../growth/roundoff';
import { centred, type Interval, magnitudes } from './interval';

/** Far more than what float64 loses in these sums. */
const ROUNDING = 1 + 1e-9;

/**
 * Bounds on how far each logit of a float32 evaluation is from the logit in exact arithmetic, over a box, given bounds of all
 * values in exact arithmetic; Infinity where float32 may overflow on the way.
 *
 * Where what a node reads has the size m and the error e, `A v + b` has the error `|A| e + u (|A| (m + e) + |b|)`, u being
 * `roundoffOfSum`, or, if that is more, the one of `fastConvolution`. Piecewise linear functions multiply errors by the steepest
 * slope that can be met, so that a ReLU that is off for sure has none; a maximum has the largest of its members' errors. To all
 * comes what is lost where numbers are too small for float32.
 */
export function* float32Errors(net: PiecewiseAffine, bounds: readonly Interval[]): Pausing<Float64Array> {
  const errors = [magnitudes(bounds[0]!).map((size) => (size <= LARGEST ? 0 : Number.POSITIVE_INFINITY))];
  for (const node of net.nodes) {
    yield;
    const inputs = node.inputs.map((id) => bounds[id]!);
    const before = node.inputs.map((id) => errors[id]!);
    const sharp = nodeErrors(node, inputs, before);
    errors.push(sharp.map((error) => (Number.isNaN(error) ? Number.POSITIVE_INFINITY : ROUNDING * error)));
  }
  return errors[net.output]!;
}

function nodeErrors(node: AffineGraphNode, inputs: readonly Interval[], errors: readonly Float64Array[]): Float64Array {
  switch (node.kind) {
    case 'affine':
      return affineErrors(node, inputs[0]!, errors[0]!);
    case 'sum': {
      const unit = roundoff(errors.length);
      const sizes = inputs.map(magnitudes);
      return errors[0]!.map((_, i) => {
        const error = errors.reduce((sum, { [i]: e }) => sum + e!, 0);
        const size = errors.reduce((sum, { [i]: e }, n) => sum + sizes[n]![i]! + e!, 0);
        return size <= LARGEST ? error + unit * size + flushedSum(errors.length, 0) : Number.POSITIVE_INFINITY;
      });
    }
    case 'kink':
      return errors[0]!.map((error, i) => kinkError(node, i, inputs[0]!, error));
    case 'max': {
      const { size, starts, members } = node;
      const group = (g: number) => members.subarray(starts[g]!, starts[g + 1]!);
      return Float64Array.from({ length: size }, (_, g) =>
        group(g).reduce((e, m) => Math.max(e, errors[0]![m]!), FLUSHED),
      );
    }
  }
}

/** The error of `A v + b`, whichever algorithm computes it. */
function affineErrors(node: AffineNode, input: Interval, errors: Float64Array): Float64Array {
  const { map, offset, offsetSizes, deviation = 1, size } = node;
  const unit = roundoffOfSum(map.fanIn);
  const read = magnitudes(input).map((value, i) => value + errors[i]!);
  const largest = read.reduce((a, b) => Math.max(a, b), 0);
  const small = offsetSizes ? FLUSHED_DIVIDED : FLUSHED;
  const inherited = flushedShifts(node);
  map.absolute().addTo(
    inherited,
    errors.map((error) => error + small),
    1,
  );
  const shifts = repeated(offsetSizes ?? offset?.map(Math.abs), size);
  const summed = shifts.slice();
  map.absolute().addTo(summed, read, 1);
  const fast = fastConvolution(map);
  const { centre, radius } = centred(input);
  const tiles = fast?.errors(
    centre,
    radius.map((r, i) => r + errors[i]!),
  );
  const flushed = fast?.flushed(largest) ?? 0;
  return inherited.map((error, i) => {
    // An average may be divided by the number of its terms after they have been added, a batch normalisation by its deviation.
    const peak = Math.max(summed[i]! * Math.max(1, deviation), map.fanIn * largest, tiles?.peak ?? 0);
    if (!(peak <= LARGEST)) return Number.POSITIVE_INFINITY;
    const plain = unit * summed[i]! + small + flushedSum(map.fanIn, largest);
    // A bias is added to the result of the fast one.
    return error + Math.max(plain, tiles ? tiles.errors[i]! + gamma(2) * summed[i]! + flushed : 0);
  });
}

/** Slopes 0 and 1 without an intercept, as those of a ReLU, round nothing. */
function kinkError(node: KinkNode, i: number, { lower, upper }: Interval, error: number): number {
  const { thresholds, pieces } = node;
  const [low, high] = [lower[i]! - error, upper[i]! + error];
  const size = Math.max(-lower[i]!, upper[i]!) + error;
  const unit = roundoff(2);
  let most = 0;
  for (let p = 0; p < pieces; p++) {
    if ((p > 0 && high < thresholds[p - 1]!) || (p < pieces - 1 && low > thresholds[p]!)) continue;
    const [slope, intercept] = [Math.abs(slopeOf(node, i, p)), Math.abs(interceptOf(node, i, p))];
    const exact = slope === 0 || (slope === 1 && intercept === 0);
    const summed = exact ? intercept : slope * size + intercept;
    if (slope === 0 && intercept === 0) continue;
    if (!(summed <= LARGEST)) return Number.POSITIVE_INFINITY;
    most = Math.max(most, slope * error + unit * summed + (slope + size + 3) * FLUSHED);
  }
  return most;
}
