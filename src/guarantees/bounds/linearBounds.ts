import type { Pausing } from '../../core/pausing';
import { repeated } from '../../regions/pass/rounding';
import type { AffineGraphNode, PiecewiseAffine, SwitchNode } from '../../regions/types';
import { formBounds, type Known } from './formBounds';
import { type Domain, type Interval, magnitudes } from './interval';
import { nodeInterval } from './intervalBounds';
import { type Relaxation, relaxationOf } from './relaxation';

/** At most so many entries have their bounds tightened together; each takes two forms. */
const MOST_TOGETHER = 32;

/** Fewer where each is made of so many numbers that their forms would not stay in the cache. */
const READ_TOGETHER = 2 ** 15;

function togetherIn(node: AffineGraphNode): number {
  const read = node.kind === 'affine' ? node.map.fanIn : 1;
  return Math.min(MOST_TOGETHER, Math.max(4, Math.round(READ_TOGETHER / read)));
}

/**
 * Everything {@link formBounds} needs over a box, node after node: intervals, lines around what is decided, and, if `tighten` is
 * set, tighter bounds for those entries that some node decides on and that the intervals leave open.
 */
export function* linearBounds(net: PiecewiseAffine, box: Domain, tighten: boolean): Pausing<Known> {
  const known = {
    bounds: [box] as Domain[],
    relaxations: [] as Known['relaxations'][number][],
    sizes: [] as Float64Array[],
    buffers: new Map<number, Float64Array>(),
  };
  const readers = decidersOf(net);
  for (const [n, node] of net.nodes.entries()) {
    yield;
    const inputs = node.inputs.map((id) => known.bounds[id]!);
    const relaxation = isSwitch(node) ? relaxationOf(node, inputs[0]!) : undefined;
    known.relaxations.push(relaxation);
    known.sizes.push(summandSizes(node, inputs, relaxation));
    known.bounds.push(nodeInterval(node, inputs));
    // Over a box the interval of an affine map of the input is exact, and over a ball nearly so.
    if (tighten && !isSwitch(node) && !node.inputs.every((id) => id === 0))
      known.bounds[n + 1] = yield* tightened(net, known, n + 1, openEntries(known.bounds[n + 1]!, readers[n + 1]!));
  }
  return known;
}

/** What tightening takes at the most; tighter bounds at the front leave less to do at the back. */
export interface TighteningWork {
  /** How often as many products as an evaluation of the network takes. */
  readonly passes: number;
  /** Bytes of the forms that are carried back together. */
  readonly bytes: number;
}

/** What {@link linearBounds} would have to do over a box, told by the entries that the intervals leave open. */
export function* tighteningWork(net: PiecewiseAffine, box: Interval): Pausing<TighteningWork> {
  const { bounds } = yield* linearBounds(net, box, false);
  const readers = decidersOf(net);
  let [products, carried] = [0, 0];
  for (const [n, node] of net.nodes.entries()) {
    if (node.kind === 'affine') products += node.map.products;
    if (isSwitch(node) || node.inputs.every((id) => id === 0)) continue;
    carried += 2 * openEntries(bounds[n + 1]!, readers[n + 1]!).length * products;
  }
  const entries = bounds.reduce((sum, { lower }) => sum + lower.length, 0);
  return {
    passes: products === 0 ? 0 : carried / products,
    bytes: 2 * MOST_TOGETHER * entries * Float64Array.BYTES_PER_ELEMENT,
  };
}

function isSwitch(node: AffineGraphNode): node is SwitchNode {
  return node.kind === 'kink' || node.kind === 'max';
}

/** For each value the nodes that decide on it. */
function decidersOf(net: PiecewiseAffine): SwitchNode[][] {
  const readers: SwitchNode[][] = Array.from({ length: net.nodes.length + 1 }, () => []);
  for (const node of net.nodes) if (isSwitch(node)) readers[node.inputs[0]!]!.push(node);
  return readers;
}

/** The entries on which some decision depends that the bounds do not settle. */
function openEntries(bounds: Interval, readers: readonly SwitchNode[]): number[] {
  const open = new Uint8Array(bounds.lower.length);
  for (const node of readers) markOpen(open, node, bounds);
  return Array.from(open.keys()).filter((i) => open[i] === 1);
}

function markOpen(open: Uint8Array, node: SwitchNode, { lower, upper }: Interval): void {
  if (node.kind === 'kink') {
    for (const threshold of node.thresholds)
      for (let i = 0; i < open.length; i++) if (lower[i]! < threshold && upper[i]! > threshold) open[i] = 1;
    return;
  }
  const { size, starts, members } = node;
  for (let g = 0; g < size; g++) {
    const group = members.subarray(starts[g]!, starts[g + 1]!);
    const sure = group.reduce((most, entry) => Math.max(most, lower[entry]!), Number.NEGATIVE_INFINITY);
    const candidates = group.filter((entry) => upper[entry]! > sure);
    if (candidates.length > 1) for (const entry of candidates) open[entry] = 1;
  }
}

/** The bounds of a value, with those of some entries replaced by the better of them and of {@link formBounds}. */
function* tightened(net: PiecewiseAffine, known: Known, id: number, entries: readonly number[]): Pausing<Interval> {
  const before = known.bounds[id]!;
  const lower = before.lower.slice();
  const upper = before.upper.slice();
  const together = togetherIn(net.nodes[id - 1]!);
  for (let first = 0; first < entries.length; first += together) {
    const chunk = entries.slice(first, first + together);
    const forms = chunk.flatMap((entry) => [[{ entry, factor: 1 }], [{ entry, factor: -1 }]]);
    const best = yield* formBounds(net, known, forms, { on: id });
    for (const [k, i] of chunk.entries()) {
      upper[i] = Math.min(upper[i]!, best[2 * k]!);
      lower[i] = Math.max(lower[i]!, -best[2 * k + 1]!);
    }
  }
  return { lower, upper };
}

/** For each entry of a node's result, the largest sum of absolute values of what is added up for it. */
function summandSizes(
  node: AffineGraphNode,
  inputs: readonly Interval[],
  relaxation: Relaxation | undefined,
): Float64Array {
  const read = inputs.map(magnitudes);
  switch (node.kind) {
    case 'affine': {
      const sizes = repeated(node.offset, node.size).map(Math.abs);
      node.map.absolute().addTo(sizes, read[0]!, 1);
      return sizes;
    }
    case 'sum':
      return read[0]!.map((_, i) => read.reduce((total, size) => total + size[i]!, 0));
    default: {
      const { below, above } = relaxation!;
      const sizeOf = ({ slopes, intercepts, entries }: Relaxation['below'], i: number) =>
        Math.abs(slopes[i]!) * read[0]![entries[i]!]! + Math.abs(intercepts[i]!);
      return Float64Array.from({ length: node.size }, (_, i) => Math.max(sizeOf(below, i), sizeOf(above, i)));
    }
  }
}
