import { slopeOf } from '../../regions/pass/rounding';
import type { AffineNode, KinkNode, PiecewiseAffine } from '../../regions/types';
import type { Interval } from '../bounds/interval';

/** Affine nodes one after the other, and the units that read what they give; the last stage has none and gives the logits. */
export interface Stage {
  /** The value that its affine nodes give. */
  readonly to: number;
  readonly nodes: readonly AffineNode[];
  readonly units: KinkNode | undefined;
  readonly inputSize: number;
  readonly size: number;
  /** All affine nodes as one, size x inputSize; up to rounding. */
  readonly weights: Float64Array;
  readonly offset: Float64Array;
  /** Slopes of the units below and above 0. */
  readonly below: Float64Array;
  readonly above: Float64Array;
}

/** A network of stages, each of which reads the one before. */
export interface UnitChain {
  readonly stages: readonly Stage[];
  readonly inputSize: number;
  readonly classes: number;
}

/** More weights than these, written out, are not searched: 256 MB. */
const MOST_WEIGHTS = 2 ** 25;

/** The network as a chain of affine maps and units with one kink at 0, or in words what it has besides. */
export function unitChain(net: PiecewiseAffine): UnitChain | string {
  const nodes = net.nodes.slice(0, net.output);
  let [weights, read] = [0, net.inputSize];
  for (const [n, node] of nodes.entries()) {
    if (node.inputs.length !== 1 || node.inputs[0] !== n)
      return `layer '${node.layer}', which does not read the one before it and nothing else`;
    if (node.kind !== 'affine' && (node.kind !== 'kink' || !kinksAtZero(node)))
      return `layer '${node.layer}', which is neither affine nor of units with one kink at 0`;
    if (node.kind === 'affine' && n < nodes.length - 1) continue;
    weights += node.size * read;
    read = node.size;
    if (weights > MOST_WEIGHTS)
      return `layer '${node.layer}', up to which it has more than ${MOST_WEIGHTS} weights, written out as matrices`;
  }
  if (nodes.at(-1)?.kind !== 'affine') return 'no affine layer at the end';
  const stages: Stage[] = [];
  let affine: AffineNode[] = [];
  let inputSize = net.inputSize;
  for (const [n, node] of nodes.entries()) {
    if (node.kind === 'affine') affine.push(node);
    if (node.kind === 'affine' && n < nodes.length - 1) continue;
    const units = node.kind === 'kink' ? node : undefined;
    const { size } = node;
    stages.push({
      to: units ? n : n + 1,
      nodes: affine,
      units,
      inputSize,
      size,
      ...composed(affine, inputSize, size),
      below: Float64Array.from({ length: size }, (_, i) => (units ? slopeOf(units, i, 0) : 1)),
      above: Float64Array.from({ length: size }, (_, i) => (units ? slopeOf(units, i, 1) : 1)),
    });
    [inputSize, affine] = [size, []];
  }
  return { stages, inputSize: net.inputSize, classes: net.classes };
}

function kinksAtZero({ thresholds, intercepts }: KinkNode): boolean {
  return thresholds.length === 1 && thresholds[0] === 0 && intercepts.every((intercept) => intercept === 0);
}

/** A x + b for A of the unit vectors and for b. */
function composed(nodes: readonly AffineNode[], inputSize: number, size: number) {
  const units = new Float64Array(inputSize * inputSize);
  for (let i = 0; i < inputSize; i++) units[i * inputSize + i] = 1;
  let [columns, offset] = [units, new Float64Array(inputSize)];
  for (const node of nodes) {
    const [next, shift] = [new Float64Array(inputSize * node.size), new Float64Array(node.size)];
    node.map.addTo(next, columns, inputSize);
    node.map.addTo(shift, offset, 1);
    if (node.offset) for (let i = 0; i < node.size; i++) shift[i]! += node.offset[i % node.offset.length]!;
    [columns, offset] = [next, shift];
  }
  const weights = new Float64Array(size * inputSize);
  for (let i = 0; i < inputSize; i++)
    for (let o = 0; o < size; o++) weights[o * inputSize + i] = columns[i * size + o]!;
  return { weights, offset };
}

/** What every stage's affine nodes give at a point; the last ones are the logits. */
export function stageValues({ stages }: UnitChain, x: Float64Array): Float64Array[] {
  let read = x;
  return stages.map(({ weights, offset, size, inputSize, units, below, above }) => {
    const values = offset.slice();
    for (let o = 0; o < size; o++) {
      let sum = 0;
      for (let i = 0; i < inputSize; i++) sum += weights[o * inputSize + i]! * read[i]!;
      values[o]! += sum;
    }
    if (units) read = values.map((value, i) => value * (value > 0 ? above[i]! : below[i]!));
    return values;
  });
}

/** The gradient by the input of a form of the logits, where the stages have these values. */
function gradientAt({ stages }: UnitChain, values: readonly Float64Array[], form: Float64Array): Float64Array {
  let gradient = form;
  for (let s = stages.length - 1; s >= 0; s--) {
    const { weights, size, inputSize, units, below, above } = stages[s]!;
    const through = units ? gradient.map((g, i) => g * (values[s]![i]! > 0 ? above[i]! : below[i]!)) : gradient;
    const next = new Float64Array(inputSize);
    for (let o = 0; o < size; o++)
      if (through[o] !== 0) for (let i = 0; i < inputSize; i++) next[i]! += through[o]! * weights[o * inputSize + i]!;
    gradient = next;
  }
  return gradient;
}

/** The log-odds of class k, `-log sum_{j != k} exp(z_j - z_k)`, and the share of each other class in the sum. */
export function logOdds(
  logits: ArrayLike<number>,
  k: number,
): { readonly value: number; readonly weights: Float64Array } {
  let most = Number.NEGATIVE_INFINITY;
  for (let j = 0; j < logits.length; j++) if (j !== k) most = Math.max(most, logits[j]!);
  const weights = Float64Array.from(logits, (value, j) => (j === k ? 0 : Math.exp(value - most)));
  const sum = weights.reduce((a, b) => a + b, 0);
  return { value: logits[k]! - most - Math.log(sum), weights: weights.map((weight) => weight / sum) };
}

/** Steps of a climb at the most, and the shortest of them. */
const [STEPS, SHORTEST] = [20, 1e-3];

/** Moves a point of a box towards the corner that the gradient of the log-odds points to, for as long as that leads upwards. */
export function climb(chain: UnitChain, box: Interval, from: Float64Array, k: number) {
  let [point, values] = [from, stageValues(chain, from)];
  let odds = logOdds(values.at(-1)!, k);
  for (let step = 0; step < STEPS; step++) {
    const form = odds.weights.map((weight) => -weight);
    form[k] = 1;
    const gradient = gradientAt(chain, values, form);
    let before = odds.value;
    for (let share = 1; share > SHORTEST && odds.value === before; share /= 2) {
      const towards = point.map((value, i) => {
        const corner = gradient[i]! > 0 ? box.upper[i]! : gradient[i]! < 0 ? box.lower[i]! : value;
        return value + share * (corner - value);
      });
      const next = clamped(towards, box);
      const there = stageValues(chain, next);
      const oddsThere = logOdds(there.at(-1)!, k);
      if (oddsThere.value > before + 1e-12) [point, values, odds] = [next, there, oddsThere];
    }
    if (odds.value === before) break;
    before = odds.value;
  }
  return { point, value: odds.value };
}

/** The point of a box that is nearest to x. */
export function clamped(x: Float64Array, { lower, upper }: Interval): Float64Array {
  return x.map((value, i) => Math.min(upper[i]!, Math.max(lower[i]!, value)));
}
