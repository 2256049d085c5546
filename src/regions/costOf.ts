import type { PiecewiseAffine } from './types';

/** What work on a network costs, known before it begins. */
interface Cost {
  /** Hidden units and pooling windows: things that are decided. */
  readonly decisions: number;
  /** Multiplications of one evaluation. */
  readonly multiplyAdds: number;
  /** Bytes that the network itself holds. */
  readonly bytes: number;
  /** Bytes for the values of one vector on its way through the network, at most at a time. */
  readonly passBytes: number;
  /** Bytes of an exact ray, which keeps all values with their changes. */
  readonly rayBytes: number;
}

/** Bytes of a float64 number. */
const NUMBER = 8;

/** What evaluations, rays and regions of a network take. */
export function costOf(net: PiecewiseAffine): Cost {
  const sizes = [net.inputSize, ...net.nodes.map(({ size }) => size)];
  const total = sizes.reduce((sum, size) => sum + size, 0);
  const cost = { decisions: 0, multiplyAdds: 0, bytes: 0, passBytes: 0, rayBytes: 0 };
  const lastReader = sizes.map(() => -1);
  for (const [n, { inputs }] of net.nodes.entries()) for (const id of inputs) lastReader[id] = n;
  let live = net.inputSize;
  let read = 0;
  for (const [n, node] of net.nodes.entries()) {
    live += node.size;
    cost.passBytes = Math.max(cost.passBytes, NUMBER * live);
    for (const id of new Set(node.inputs)) if (lastReader[id] === n && id !== net.output) live -= sizes[id]!;
    if (node.kind === 'affine') {
      cost.multiplyAdds += node.map.products;
      cost.bytes += node.map.bytes + NUMBER * ((node.offset?.length ?? 0) + (node.offsetSizes?.length ?? 0));
    } else cost.multiplyAdds += node.size;
    if (node.kind === 'kink') cost.bytes += NUMBER * (node.slopes.length + node.intercepts.length);
    if (node.kind === 'max') cost.bytes += 4 * (node.starts.length + node.members.length);
    if (node.kind === 'kink' || node.kind === 'max') {
      cost.decisions += node.size;
      read += sizes[node.inputs[0]!]!;
    }
  }
  // Changes of every value with a list of them, two numbers of every line that is decided about, a state and a time each.
  cost.rayBytes = 13 * total + 2 * NUMBER * read + (4 + NUMBER) * cost.decisions;
  return cost;
}
