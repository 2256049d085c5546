import type { AffineGraphNode, KinkNode, PiecewiseAffine } from '../../regions/types';
import { roundoff } from '../growth/roundoff';
import { type Interval, magnitudes } from './interval';
import { UNDERFLOW } from './rounding';

/** Far more than what float64 loses in these sums. */
const ROUNDING = 1 + 1e-9;

/**
 * Bounds on how far each logit of a float32 evaluation is from the logit in exact arithmetic, over a box, given bounds of all
 * values in exact arithmetic.
 *
 * Where what a node reads has the size m and the error e, `A v + b` has the error `|A| e + u (|A| (m + e) + |b|)`, u being the
 * unit of `roundoff`. Piecewise linear functions multiply errors by the steepest slope that can be met, so that a ReLU that is off for
 * sure has none; a maximum has the largest of its members' errors.
 */
export function float32Errors(net: PiecewiseAffine, bounds: readonly Interval[]): Float64Array {
  const errors = [new Float64Array(net.inputSize)];
  for (const node of net.nodes) {
    const inputs = node.inputs.map((id) => bounds[id]!);
    const before = node.inputs.map((id) => errors[id]!);
    errors.push(nodeErrors(node, inputs, before).map((error) => ROUNDING * error + (error > 0 ? UNDERFLOW : 0)));
  }
  return errors[net.output]!;
}

function nodeErrors(node: AffineGraphNode, inputs: readonly Interval[], errors: readonly Float64Array[]): Float64Array {
  const sizes = inputs.map(magnitudes);
  switch (node.kind) {
    case 'affine': {
      const unit = roundoff(node.map.fanIn + 1);
      const offset = node.offsetSizes ?? node.offset;
      const result = offset?.map((value) => unit * Math.abs(value)) ?? new Float64Array(node.size);
      const spread = errors[0]!.map((error, i) => error + unit * (sizes[0]![i]! + error));
      node.map.absolute().addTo(result, spread, 1);
      return result;
    }
    case 'sum': {
      const unit = roundoff(errors.length);
      const total = (i: number) =>
        errors.reduce((sum, error, n) => sum + error[i]! + unit * (sizes[n]![i]! + error[i]!), 0);
      return errors[0]!.map((_, i) => total(i));
    }
    case 'kink':
      return errors[0]!.map((error, i) => kinkError(node, i, inputs[0]!, error));
    case 'max': {
      const { size, starts, members } = node;
      const group = (g: number) => members.subarray(starts[g]!, starts[g + 1]!);
      return Float64Array.from({ length: size }, (_, g) => group(g).reduce((e, m) => Math.max(e, errors[0]![m]!), 0));
    }
  }
}

/** Slopes 0 and 1 without an intercept, as those of a ReLU, round nothing. */
function kinkError(node: KinkNode, i: number, { lower, upper }: Interval, error: number): number {
  const { thresholds, pieces, slopes, intercepts } = node;
  const [low, high] = [lower[i]! - error, upper[i]! + error];
  const size = Math.max(-lower[i]!, upper[i]!);
  const unit = roundoff(2);
  let most = 0;
  for (let p = 0; p < pieces; p++) {
    if ((p > 0 && high < thresholds[p - 1]!) || (p < pieces - 1 && low > thresholds[p]!)) continue;
    const [slope, intercept] = [Math.abs(slopes[i * pieces + p]!), Math.abs(intercepts[i * pieces + p]!)];
    const exact = slope === 0 || (slope === 1 && intercept === 0);
    most = Math.max(most, slope * error + (exact ? unit * intercept : unit * (slope * (size + error) + intercept)));
  }
  return most;
}
