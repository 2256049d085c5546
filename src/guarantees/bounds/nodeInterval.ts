import type { AffineGraphNode, AffineNode, KinkNode, MaxNode } from '../../regions/types';
import { ballOf, type Interval, withoutNaN } from './interval';
import { kinkExtremes } from './kinkExtremes';
import { roundoff64, UNDERFLOW } from './rounding';

/** Bounds of the result of one node in exact arithmetic, given bounds of the values it reads. */
export function nodeInterval(node: AffineGraphNode, inputs: readonly Interval[]): Interval {
  switch (node.kind) {
    case 'affine':
      return withoutNaN(affine(node, inputs[0]!));
    case 'sum':
      return withoutNaN(sum(inputs));
    case 'kink':
      return kink(node, inputs[0]!);
    case 'max':
      return largest(node, inputs[0]!);
  }
}

/**
 * With v in c +- r, `|A v + b - fl(A c + b)| <= |A| r + u (|A| (|c| + r) + |b|)`, u being {@link roundoff64}: twice what the
 * product with A loses, so that the product with |A| may lose as much.
 */
function affine({ map, offset, size }: AffineNode, input: Interval): Interval {
  const { centre, radius } = ballOf(input);
  const unit = roundoff64(map.inputSize);
  const middle = offset?.slice() ?? new Float64Array(size);
  map.addTo(middle, centre, 1);
  const reach = new Float64Array(size);
  const spread = radius.map((r, i) => r + unit * (Math.abs(centre[i]!) + r));
  map.absolute().addTo(reach, spread, 1);
  for (let i = 0; i < size; i++) {
    const rest = unit * (Math.abs(offset?.[i] ?? 0) + Math.abs(middle[i]!));
    reach[i] = (reach[i]! + rest) * (1 + unit) + UNDERFLOW;
  }
  return {
    lower: middle.map((value, i) => value - reach[i]!),
    upper: middle.map((value, i) => value + reach[i]!),
  };
}

function sum(inputs: readonly Interval[]): Interval {
  const unit = roundoff64(inputs.length);
  const total = (of: (input: Interval) => Float64Array, direction: 1 | -1) =>
    of(inputs[0]!).map((_, i) => {
      let [value, size] = [0, 0];
      for (const input of inputs) {
        value += of(input)[i]!;
        size += Math.abs(of(input)[i]!);
      }
      return value + direction * unit * size;
    });
  return { lower: total(({ lower }) => lower, -1), upper: total(({ upper }) => upper, 1) };
}

function kink(node: KinkNode, { lower, upper }: Interval): Interval {
  const extremes = Array.from(lower, (low, i) => kinkExtremes(node, i, low, upper[i]!));
  return {
    lower: Float64Array.from(extremes, ({ least }) => least),
    upper: Float64Array.from(extremes, ({ most }) => most),
  };
}

/** A maximum rounds nothing, and it grows with each of its members. */
function largest({ size, starts, members }: MaxNode, { lower, upper }: Interval): Interval {
  const over = (values: Float64Array) =>
    Float64Array.from({ length: size }, (_, g) => {
      let most = Number.NEGATIVE_INFINITY;
      for (let m = starts[g]!; m < starts[g + 1]!; m++) most = Math.max(most, values[members[m]!]!);
      return most;
    });
  return { lower: over(lower), upper: over(upper) };
}
