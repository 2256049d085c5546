import type { Pausing } from '../../core/pausing';
import { add, clear, noChanges } from '../maps/changes';
import { applyNodeTo, type Columns } from '../pass/applyNode';
import { interceptOf, repeated, slopeOf, summed } from '../pass/rounding';
import type { AffineGraphNode, AffineNode, PiecewiseAffine, SwitchNode } from '../types';
import { decideAll, type Reading, splitByEntry } from './decide';
import { type EntrySizes, lesser, NOTHING, type Sizes, sizesOf } from './line';
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
  /** Largest constants and slopes of the whole layer so far. */
  all: Sizes;
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
 * overwritten afterwards, and with what tells the sizes by which their slopes are rounded, and may compute them afresh for that.
 * Returns whether to go on.
 * @returns Whether all regions have been found.
 */
export function* subdivide(
  net: PiecewiseAffine,
  vectors: Float64Array,
  whole: Polygon,
  found: (polygon: Polygon, logits: Float64Array, slopeSizes: () => Float64Array) => boolean,
): Pausing<boolean> {
  const values = liveValues(net, vectors);
  const bounds = summandsOf(net, vectors);
  const progress = net.nodes.map((node, n): Progress | undefined => {
    if (node.kind !== 'kink' && node.kind !== 'max') return undefined;
    const reading = { z: values.inputOf(n), sizes: bounds[node.inputs[0]!]! };
    return { node, states: new Int32Array(node.size), reading, all: NOTHING, open: [] };
  });
  const tasks: Task[] = [{ polygon: whole, node: 0, open: 0, state: 0 }];

  /** Computes a value of the network afresh, and the sizes of what is added up to it in the polygon in work. */
  const sizesHere = (value: number) => values.afresh(value, (n) => progress[n]?.states);

  const most = new Float64Array(net.classes);
  /** Values go from region to region by their changes, so that slopes are rounded by the largest sizes so far, if these last. */
  const slopeSizes = () => {
    const own = values.slopeSizes();
    for (const [k, size] of own.entries()) most[k] = Math.max(most[k]!, size);
    if (own.every((size, k) => most[k]! <= MUCH * size)) return most.slice();
    return lesser(most, sizesHere(net.output).subarray(net.classes));
  };

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
      yield;
      const at = progress[n];
      if (at) {
        const fresh = n > task.node || task.open === 0;
        if (fresh) {
          const { node, states } = at;
          const { all, sizes } = sizesOf(at.reading.z, at.all, bounds[node.inputs[0]!]);
          at.all = all;
          const reading = { z: at.reading.z, sizes };
          Object.assign(
            at,
            decideAll(node, reading, polygon, states, () => sizesHere(node.inputs[0]!)),
          );
        }
        polygon = decideOpen(at, fresh ? { polygon, node: n, open: 0, state: 0 } : task);
      }
      values.update(n, at?.states);
    }
    if (!found(polygon, values.logits, slopeSizes)) return tasks.length === 0;
  }
  return true;
}

/**
 * For every value of a network over a plane the most that can be added up to the constant and to a slope of each entry, by
 * absolute values and whatever is decided: two rows. With every layer these grow beyond what does occur.
 */
function summandsOf(net: PiecewiseAffine, vectors: Float64Array): EntrySizes[] {
  const values = [absoluteOf(vectors)];
  for (const node of net.nodes)
    values.push(
      addUp(
        node,
        node.inputs.map((id) => values[id]!),
      ),
    );
  return values;
}

/** The absolute values of constants, and the larger ones of both slopes. */
function absoluteOf(z: Float64Array): EntrySizes {
  const size = z.length / 3;
  const sizes = z.subarray(0, 2 * size).map(Math.abs);
  for (let i = size; i < 2 * size; i++) sizes[i] = Math.max(sizes[i]!, Math.abs(z[size + i]!));
  return sizes;
}

/** What a node adds up from inputs of these sizes: as it has decided, or whatever it may decide at the most. */
function addUp(node: AffineGraphNode, inputs: readonly EntrySizes[], states?: Int32Array): EntrySizes {
  const { size } = node;
  const read = inputs[0]!;
  const sums = new Float64Array(2 * size);
  if (node.kind === 'affine') {
    node.map.absolute().addTo(sums, read, 2);
    const [offset, sizes] = [repeated(node.offset, size), repeated(node.offsetSizes, size)];
    for (let i = 0; i < size; i++) sums[i]! += Math.max(Math.abs(offset[i]!), sizes[i]!);
  } else if (node.kind === 'sum') {
    for (const input of inputs) for (let i = 0; i < sums.length; i++) sums[i]! += input[i]!;
  } else if (node.kind === 'kink') {
    for (let i = 0; i < size; i++)
      for (let p = states?.[i] ?? 0; p <= (states?.[i] ?? node.pieces - 1); p++) {
        const [slope, intercept] = [slopeOf, interceptOf].map((of) => Math.abs(of(node, i, p)));
        sums[i] = Math.max(sums[i]!, slope! * read[i]! + intercept!);
        sums[size + i] = Math.max(sums[size + i]!, slope! * read[size + i]!);
      }
  } else
    for (let g = 0; g < size; g++) {
      const [start, end] = [node.starts[g]!, node.starts[g + 1]!];
      const members = states ? [node.members[start + states[g]!]!] : node.members.subarray(start, end);
      for (const i of members) {
        sums[g] = Math.max(sums[g]!, read[i]!);
        sums[size + g] = Math.max(sums[size + g]!, read[read.length / 2 + i]!);
      }
    }
  return sums;
}

/** Roundings of slopes so many times larger in other regions are not worth keeping: the values are computed afresh. */
const MUCH = 1e3;

/** Constant, slope in s, slope in t. */
const COLUMNS: Columns = { count: 3, points: 1 };
/** After so many updates by differences a value is computed afresh, which takes away what rounding has piled up. */
const REFRESH = 500;

/**
 * The values of a network as affine functions of the plane, three rows of constants, slopes in s and slopes in t, kept up
 * to date while decisions change here and there.
 */
interface LiveValues {
  /** The value of a node's first input. */
  inputOf(n: number): Float64Array;
  /** The logits. */
  readonly logits: Float64Array;
  /** For each logit the size of what its slopes are added up from, which says how much they are rounded. */
  slopeSizes(): Float64Array;
  /** Brings the result of node n up to date with its inputs and, for a node that decides, `states`. */
  update(n: number, states?: Int32Array): void;
  /**
   * Computes a value from the input on, without what rounding has left there of other regions, given what the nodes before it
   * have decided. Returns the sizes of what its constants and slopes are added up from in this region, on the whole way: two rows.
   */
  afresh(value: number, statesOf: (n: number) => Int32Array | undefined): EntrySizes;
}

/** Values of a network over the plane with these three vectors: origin, step in s, step in t. */
function liveValues(net: PiecewiseAffine, vectors: Float64Array): LiveValues {
  const values = [vectors, ...net.nodes.map(({ size }) => new Float64Array(COLUMNS.count * size))];
  const updates = net.nodes.map((node, n) => {
    const inputs = node.inputs.map((id) => values[id]!);
    const result = values[n + 1]!;
    if (node.kind === 'affine') return affineUpdate(node, inputs[0]!, result);
    return (_afresh: boolean, states?: Int32Array) => applyNodeTo(result, node, inputs, states, COLUMNS);
  });
  return {
    inputOf: (n) => values[net.nodes[n]!.inputs[0]!]!,
    logits: values[net.output]!,
    slopeSizes: () => {
      const logits = values[net.output]!;
      const node = net.nodes[net.output - 1];
      const inputs = node?.inputs.map((id) => values[id]!);
      const [s, t] = [1, 2].map((row) => {
        const own = logits.subarray(row * net.classes, (row + 1) * net.classes).map(Math.abs);
        const sizes = node ? summed(node, inputs!, logits, row) : own;
        return own.map((slope, k) => Math.max(slope, sizes[k]!));
      });
      return s!.map((size, k) => Math.max(size, t![k]!));
    },
    update: (n, states) => updates[n]!(false, states),
    afresh: (value, statesOf) => {
      const sizes: EntrySizes[] = [new Float64Array(2 * net.inputSize)];
      for (const [n, node] of net.nodes.slice(0, value).entries()) {
        updates[n]!(true, statesOf(n));
        // What is rounded is what is read, and with it comes what has been rounded before.
        const read = node.inputs.map((id) => absoluteOf(values[id]!).map((own, i) => own + sizes[id]![i]!));
        sizes.push(addUp(node, read, statesOf(n)));
      }
      return sizes[value]!;
    },
  };
}

/** Computes A x + b afresh the first time, and then from those entries of x that have changed since. */
function affineUpdate(node: AffineNode, input: Float64Array, result: Float64Array): (afresh: boolean) => void {
  const { map } = node;
  const seen = new Float64Array(input.length);
  const changed = new Int32Array(map.inputSize);
  const before = noChanges(map.inputSize);
  const after = noChanges(node.size);
  let age = REFRESH;
  const addChanges = (column: number, count: number) => {
    const [from, to] = [column * map.inputSize, column * node.size];
    for (let k = 0; k < count; k++) {
      const j = changed[k]!;
      if (input[from + j] !== seen[from + j]) add(before, j, input[from + j]! - seen[from + j]!);
    }
    map.spread(after, before);
    for (let k = 0; k < after.count; k++) result[to + after.entries[k]!]! += after.values[after.entries[k]!]!;
    clear(before);
    clear(after);
  };
  return (afresh) => {
    const count = listChanged(changed, input, seen, map.inputSize);
    if (afresh || age >= REFRESH || 2 * count > map.inputSize) {
      applyNodeTo(result, node, [input], undefined, COLUMNS);
      age = 0;
    } else if (count > 0) {
      for (let column = 0; column < COLUMNS.count; column++) addChanges(column, count);
      age++;
    }
    seen.set(input);
  };
}

/** Lists the entries whose constant or slopes differ; returns how many. */
function listChanged(changed: Int32Array, now: Float64Array, before: Float64Array, size: number): number {
  let count = 0;
  for (let j = 0; j < size; j++) {
    const same =
      now[j] === before[j] && now[size + j] === before[size + j] && now[2 * size + j] === before[2 * size + j];
    if (!same) changed[count++] = j;
  }
  return count;
}
