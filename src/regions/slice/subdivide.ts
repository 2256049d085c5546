import type { PiecewiseAffine, SwitchNode } from '../types';
import { decideAll, type Reading, splitByEntry } from './decide';
import { NOTHING, sizesOf } from './line';
import { liveValues } from './liveValues';
import type { Polygon } from './polygon';

/** A polygon still to be worked on: nodes before `node` have decided, and so have the first `open` open entries of it. */
interface Task {
  readonly polygon: Polygon;
  readonly node: number;
  readonly open: number;
  /** What the entry before `open` has decided in this polygon. */
  readonly state: number;
}

/** What a node that decides is at, for the polygon in work. */
interface Progress {
  readonly node: SwitchNode;
  readonly states: Int32Array;
  reading: Reading;
  /** Entries with more than one answer in the polygon that reached the node. */
  open: readonly number[];
}

/**
 * Subdivides a polygon of the plane into the linear regions of a network, depth first: what reaches a node that decides is
 * split by the entries that have more than one answer in it, and each part goes on alone to the next node, where only what
 * has changed since the last part is computed again.
 *
 * @param vectors - Three rows: origin of the plane, step in s, step in t.
 * @param found - Called with each region and its logits, three rows of constants, slopes in s and slopes in t, which are
 * overwritten afterwards, and with what tells the sizes of their slopes' summands. Returns whether to go on.
 * @returns Whether all regions have been found.
 */
export function subdivide(
  net: PiecewiseAffine,
  vectors: Float64Array,
  whole: Polygon,
  found: (polygon: Polygon, logits: Float64Array, slopeSizes: () => Float64Array) => boolean,
): boolean {
  const values = liveValues(net, vectors);
  const progress = net.nodes.map((node, n): Progress | undefined => {
    if (node.kind !== 'kink' && node.kind !== 'max') return undefined;
    const reading = { z: values.inputOf(n), sizes: NOTHING };
    return { node, states: new Int32Array(node.size), reading, open: [] };
  });
  const tasks: Task[] = [{ polygon: whole, node: 0, open: 0, state: 0 }];

  /** Lets the open entries of a node decide; parts other than the first are put off. Returns the first part. */
  const decideOpen = ({ node, states, reading, open }: Progress, task: Task): Polygon => {
    let { polygon } = task;
    if (task.open > 0) states[open[task.open - 1]!] = task.state;
    for (let i = task.open; i < open.length; i++) {
      const [first, ...others] = splitByEntry(node, reading, polygon, open[i]!);
      for (const other of others) tasks.push({ ...other, node: task.node, open: i + 1 });
      states[open[i]!] = first!.state;
      polygon = first!.polygon;
    }
    return polygon;
  };

  for (let task = tasks.pop(); task; task = tasks.pop()) {
    let { polygon } = task;
    for (let n = task.node; n < net.nodes.length; n++) {
      const at = progress[n];
      if (at) {
        const fresh = n > task.node || task.open === 0;
        if (fresh) {
          at.reading = { ...at.reading, sizes: sizesOf(at.reading.z, at.reading.sizes) };
          at.open = decideAll(at.node, at.reading, polygon, at.states);
        }
        polygon = decideOpen(at, fresh ? { polygon, node: n, open: 0, state: 0 } : task);
      }
      values.update(n, at?.states);
    }
    if (!found(polygon, values.logits, values.slopeSizes)) return tasks.length === 0;
  }
  return true;
}
