import { applyNode } from './pass/applyNode';
import { pull } from './pass/pull';
import type { AffineGraphNode, Pattern, PiecewiseAffine } from './types';

/** Half the distance from 1 to the next float64. */
const UNIT = 2 ** -53;

/**
 * A bound, to first order, on the error that rounding makes in `w . s`, s being the slope of the outputs along a direction in
 * the region of a pattern, as a pass through the network computes it.
 *
 * Every node adds an error of at most `gamma_n |A| |v|` to what it makes of the slopes v that it reads (Higham, "Accuracy and
 * Stability of Numerical Algorithms", section 3.5), and reaches `w . s` through the coefficients c that w has on the node's
 * result. So the bound is the sum over the nodes of `|c| . gamma_n |A| |v|`. A product of the norms of the layers in the
 * place of c and v would exceed it by a factor that grows with every layer.
 */
export function slopeError(net: PiecewiseAffine, pattern: Pattern, direction: Float64Array, w: Float64Array): number {
  const values = [direction];
  const made = net.nodes.map((node, n) => {
    const inputs = node.inputs.map((id) => values[id]!);
    values[n + 1] = applyNode(node, inputs, pattern[n], { count: 1, points: 0 });
    return roundings(node, inputs, values[n + 1]!);
  });
  let error = 0;
  pull(net, pattern, new Map([[net.output, w]]), 1, (n, form) => {
    const own = made[n];
    if (own !== undefined) for (let i = 0; i < form.length; i++) error += Math.abs(form[i]!) * own[i]!;
  });
  return error;
}

/** What rounding makes of each entry of a node's result; undefined where nothing is rounded. */
function roundings(
  node: AffineGraphNode,
  inputs: readonly Float64Array[],
  result: Float64Array,
): Float64Array | undefined {
  switch (node.kind) {
    case 'affine': {
      const sizes = new Float64Array(node.size);
      node.map.absolute().addTo(sizes, inputs[0]!.map(Math.abs), 1);
      return sizes.map((size) => (node.map.fanIn + 2) * UNIT * size);
    }
    case 'sum': {
      const unit = inputs.length * UNIT;
      return result.map((_, i) => unit * inputs.reduce((sum, input) => sum + Math.abs(input[i]!), 0));
    }
    case 'kink':
      return result.map((value) => UNIT * Math.abs(value));
    case 'max':
      return undefined;
  }
}
