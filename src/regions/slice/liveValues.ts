import { add, clear, noChanges } from '../maps/changes';
import { applyNodeTo, type Columns } from '../pass/applyNode';
import { summed } from '../pass/rounding';
import type { AffineNode, PiecewiseAffine } from '../types';

/** Constant, slope in s, slope in t. */
const COLUMNS: Columns = { count: 3, points: 1 };
/** After so many updates by differences a value is computed afresh, which takes away what rounding has piled up. */
const REFRESH = 500;

/**
 * The values of a network as affine functions of the plane, three rows of constants, slopes in s and slopes in t, kept up
 * to date while decisions change here and there.
 */
export interface LiveValues {
  /** The value of a node's first input. */
  inputOf(n: number): Float64Array;
  /** The logits. */
  readonly logits: Float64Array;
  /** For each logit the size of what its slopes are added up from, which says how much they are rounded. */
  slopeSizes(): Float64Array;
  /** Brings the result of node n up to date with its inputs and, for a node that decides, `states`. */
  update(n: number, states?: Int32Array): void;
}

/** Values of a network over the plane with these three vectors: origin, step in s, step in t. */
export function liveValues(net: PiecewiseAffine, vectors: Float64Array): LiveValues {
  const values = [vectors, ...net.nodes.map(({ size }) => new Float64Array(COLUMNS.count * size))];
  const updates = net.nodes.map((node, n) => {
    const inputs = node.inputs.map((id) => values[id]!);
    const result = values[n + 1]!;
    if (node.kind === 'affine') return affineUpdate(node, inputs[0]!, result);
    return (states?: Int32Array) => applyNodeTo(result, node, inputs, states, COLUMNS);
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
    update: (n, states) => updates[n]!(states),
  };
}

/** Computes A x + b afresh the first time, and then from those entries of x that have changed since. */
function affineUpdate(node: AffineNode, input: Float64Array, result: Float64Array): () => void {
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
  return () => {
    const count = listChanged(changed, input, seen, map.inputSize);
    if (age >= REFRESH || 2 * count > map.inputSize) {
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
