import type { Pausing } from '../../core/pausing';
import type { PiecewiseAffine } from '../../regions/types';
import { differenceBounds } from '../bounds/confidenceOverBox';
import type { Known } from '../bounds/formBounds';
import { type Interval, roundoff64 } from '../bounds/interval';
import type { Dictionary } from './dictionary';
import { descend, MORE_ROWS, type Relaxed, relaxed, type Sides, upperBound } from './relaxed';
import { gradientAt, stageValues, type UnitChain } from './unitChain';

/** What the search has found about the largest log-odds of any class. */
export interface Found {
  /** No point of the box has larger log-odds. */
  readonly bound: number;
  /** The log-odds at `point`, up to rounding. */
  readonly reached: number;
  readonly point: Float64Array;
  /** Subdivisions of the box that have been bounded. */
  readonly nodes: number;
  /** True if nothing was left to look at. */
  readonly complete: boolean;
}

/** Part of the question: the log-odds of one class, with some units on one side of their kinks. */
interface Part {
  readonly k: number;
  readonly sides: Sides;
  readonly bound: number;
  /** The unit to be decided next. */
  readonly unit: number;
}

/** A plane above the log-odds as a function of logits: `-sum_j weights_j (z_j - z_k) - entropy`. */
interface Cut {
  readonly variable: number;
  readonly weights: Float64Array;
  readonly entropy: number;
}

/** The program of one class: maximise t, below all cuts. */
interface ClassProgram {
  program: Dictionary;
  cuts: Cut[];
}

/** Rounds of cuts for one part at the most. */
const ROUNDS = 40;

/** Confidences nearer than this are equal. */
export const TOLERANCE = 1e-6;

export function* searchConfidence(
  net: PiecewiseAffine,
  chain: UnitChain,
  known: Known,
  inside: Interval,
  late: () => boolean,
): Pausing<Found | string> {
  const differences = yield* differenceBounds(net, known, true);
  const crown = Float64Array.from({ length: net.classes }, (_, k) => {
    let sum = 0;
    for (let j = 0; j < net.classes; j++) if (j !== k) sum += Math.exp(-differences[k * net.classes + j]!);
    return -Math.log(sum * (1 - 1e-12)) + 1e-12;
  });
  const relaxation = yield* relaxed({ chain, known }, late);
  if (typeof relaxation === 'string') return relaxation;
  return yield* new Search(relaxation, crown, inside, late).run();
}

class Search {
  private best = Number.NEGATIVE_INFINITY;
  private point: Float64Array;
  private closed = Number.NEGATIVE_INFINITY;
  private nodes = 0;
  private readonly queue: Part[] = [];
  private readonly programs = new Map<number, ClassProgram>();

  constructor(
    private readonly relaxed: Relaxed,
    private readonly crown: Float64Array,
    private readonly inside: Interval,
    private readonly late: () => boolean,
  ) {
    this.point = inside.lower.map((low, i) => (low + inside.upper[i]!) / 2);
  }

  *run(): Pausing<Found> {
    const { chain, units } = this.relaxed;
    for (let k = 0; k < chain.classes; k++) this.climb(this.point, k);
    const order = Array.from(this.crown.keys()).sort((a, b) => this.crown[b]! - this.crown[a]!);
    let open = Number.NEGATIVE_INFINITY;
    for (const k of order) {
      const root = { k, sides: new Int8Array(units.length), bound: this.crown[k]!, unit: -1 };
      if (this.late()) open = Math.max(open, root.bound);
      else yield* this.look(root);
    }
    while (this.queue.length > 0 && !this.late()) {
      const part = takeLargest(this.queue);
      if (part.bound <= this.enough()) {
        this.closed = Math.max(this.closed, part.bound);
        continue;
      }
      for (const side of [1, -1]) {
        const sides = part.sides.slice();
        sides[part.unit] = side;
        yield* this.look({ ...part, sides });
      }
    }
    for (const { bound } of this.queue) open = Math.max(open, bound);
    const complete = open <= this.enough();
    return { bound: Math.max(open, this.closed), reached: this.best, point: this.point, nodes: this.nodes, complete };
  }

  /** Log-odds up to which nothing more needs to be found. */
  private enough(): number {
    const confidence = 1 / (1 + Math.exp(-this.best)) + TOLERANCE;
    return confidence >= 1 ? Number.POSITIVE_INFINITY : Math.log(confidence / (1 - confidence));
  }

  /** Bounds a part, and queues it if it may hold more than is known. */
  private *look(part: Part): Pausing<void> {
    const { relaxed, late } = this;
    const { chain } = relaxed;
    const { k, sides } = part;
    this.nodes++;
    let bound = part.bound;
    let unit = part.unit;
    const own = this.programOf(k);
    for (let round = 0; bound > this.enough(); round++) {
      this.setSides(own.program, sides);
      const ending = yield* descend(own.program, this.enough() - 1e-7, late);
      const safe = this.safeBound(own, k, sides);
      bound = Math.min(bound, safe.bound);
      { const st=((globalThis as any).st ??= {}); const key=ending+(bound<=this.enough()?' pruned':' open'); st[key]=(st[key]??0)+1; if (ending==='infeasible'&&bound>this.enough()&&(st.shown=(st.shown??0)+1)<6) console.log(bound, safe.bound, this.enough(), own.program.objective, sides.join('')); }
      if (bound <= this.enough()) break;
      if (ending !== 'optimal') {
        unit = this.pick(undefined, safe.factors, sides);
        break;
      }
      const at = own.program.point();
      const logits = relaxed.logits.map(({ factors, constant }) => {
        let sum = constant;
        for (let v = 0; v < factors.length; v++) if (factors[v] !== 0) sum += factors[v]! * at[v]!;
        return sum;
      });
      this.tryPoint(at.subarray(0, chain.inputSize), k);
      const odds = logOdds(logits, k);
      const overshoot = own.program.objective - odds.value;
      unit = this.pick(at, safe.factors, sides);
      const enough = unit < 0 ? 1e-9 : 0.1 * (own.program.objective - this.best);
      if (round >= ROUNDS || overshoot <= enough) break;
      this.addCut(own, k, odds.weights);
      yield;
    }
    if (bound <= this.enough() || unit < 0) this.closed = Math.max(this.closed, bound);
    else pushPart(this.queue, { k, sides, bound, unit });
    yield;
  }

  /** The open unit whose relaxation gives away most, or any if nothing is known of them; -1 if none does. */
  private pick(at: Float64Array | undefined, factors: Float64Array, sides: Sides): number {
    let [best, most] = [-1, 0];
    for (const [u, unit] of this.relaxed.units.entries()) {
      if (sides[u] !== 0) continue;
      const gap = at ? Math.min(at[unit.h]!, at[unit.s]!) : (unit.above * unit.below) / (unit.above + unit.below);
      if (gap <= 1e-9) continue;
      const { above, below } = this.relaxed.chain.stages[unit.stage]!;
      const factor = factors[u]! * (above[unit.entry]! - below[unit.entry]!);
      const score = gap * (factor > 0 ? factor : -1e-3 * factor + 1e-12);
      if (score > most) [best, most] = [u, score];
    }
    return best;
  }

  private setSides(program: Dictionary, sides: Sides): void {
    for (const [u, { h, s, above, below }] of this.relaxed.units.entries()) {
      program.upper[h] = sides[u] === -1 ? 0 : above;
      program.upper[s] = sides[u] === 1 ? 0 : below;
    }
  }

  private safeBound({ program, cuts }: ClassProgram, k: number, sides: Sides) {
    const { chain } = this.relaxed;
    const costs = program.reducedCosts(this.enough() - 1);
    let total = 0;
    for (const { variable } of cuts) total += Math.max(0, -costs[variable]!);
    const none = { bound: Number.POSITIVE_INFINITY, factors: new Float64Array(this.relaxed.units.length) };
    if (!(total > 1e-3)) return none;
    const form = new Float64Array(chain.classes);
    for (const { variable, weights } of cuts) {
      const share = Math.max(0, -costs[variable]!) / total;
      if (share > 0) for (let j = 0; j < form.length; j++) form[j]! -= share * weights[j]!;
    }
    let entropy = 0;
    let sum = 0;
    for (const weight of form) {
      sum -= weight;
      if (weight < 0) entropy += weight * Math.log(-weight);
    }
    form[k] = sum;
    for (let v = 0; v < costs.length; v++) costs[v]! /= total;
    const { bound, factors } = upperBound(this.relaxed, chain.stages.length - 1, form, costs, sides);
    const rounding = roundoff64(4 * form.length);
    return { bound: bound - entropy + rounding * (Math.abs(bound) + entropy + 1), factors };
  }

  private programOf(k: number): ClassProgram {
    const known = this.programs.get(k);
    if (known) return known;
    const { chain, program } = this.relaxed;
    const own: ClassProgram = { program, cuts: [] };
    this.programs.set(k, own);
    this.renew(own, k, [logOdds(stageValues(chain, this.point).at(-1)!, k).weights]);
    return own;
  }

  /** Begins the program of a class again, with these cuts. */
  private renew(own: ClassProgram, k: number, cuts: readonly Float64Array[]): void {
    const { units, domain, program: base, logits } = this.relaxed;
    own.program = base.copy(domain.lower.length + units.length + 1, 2 * units.length + MORE_ROWS);
    const t = own.program.addVariable(Number.NEGATIVE_INFINITY, this.crown[k]! + 1);
    const factors = new Float64Array(Math.max(t + 1, logits[0]!.factors.length));
    factors[t] = 1;
    own.program.setObjective({ factors, constant: 0 });
    own.cuts = [];
    this.t = t;
    for (const weights of cuts) this.addCut(own, k, weights);
    own.program.exchange(own.cuts[0]!.variable, t);
  }

  private t = 0;

  private addCut(own: ClassProgram, k: number, weights: Float64Array): void {
    if (own.program.room === 0) {
      const costs = own.program.reducedCosts(Number.POSITIVE_INFINITY);
      const used = own.cuts.filter(({ variable }) => costs[variable]! < 0);
      this.renew(own, k, used.map((cut) => cut.weights));
    }
    const { logits } = this.relaxed;
    const factors = new Float64Array(Math.max(this.t + 1, logits[0]!.factors.length));
    let [entropy, constant] = [0, 0];
    for (const [j, weight] of weights.entries()) {
      if (weight === 0) continue;
      entropy -= weight * Math.log(weight);
      constant += weight * (logits[k]!.constant - logits[j]!.constant);
      for (let v = 0; v < logits[j]!.factors.length; v++)
        factors[v]! += weight * (logits[k]!.factors[v]! - logits[j]!.factors[v]!);
    }
    factors[this.t] = -1;
    const variable = own.program.addRow({ factors, constant: constant - entropy }, 0, Number.POSITIVE_INFINITY);
    own.cuts.push({ variable, weights, entropy });
  }

  /** Takes note of the log-odds at a point, moved into the ball, and climbs from there if they are the largest. */
  private tryPoint(x: Float64Array, k: number): void {
    const { lower, upper } = this.inside;
    const point = x.map((value, i) => Math.min(upper[i]!, Math.max(lower[i]!, value)));
    const logits = stageValues(this.relaxed.chain, point).at(-1)!;
    if (logOdds(logits, k).value > this.best) this.climb(point, k);
  }

  /** Moves towards the corner of the ball that the gradient points to, for as long as that leads upwards. */
  private climb(from: Float64Array, k: number): void {
    const { chain } = this.relaxed;
    const { lower, upper } = this.inside;
    let point = from;
    let values = stageValues(chain, point);
    let odds = logOdds(values.at(-1)!, k);
    for (let step = 0; step < 20; step++) {
      const form = odds.weights.map((weight) => -weight);
      form[k] = 1;
      const gradient = gradientAt(chain, values, form);
      let better = false;
      for (let share = 1; share > 1e-3 && !better; share /= 2) {
        const next = point.map((value, i) => {
          const corner = gradient[i]! > 0 ? upper[i]! : gradient[i]! < 0 ? lower[i]! : value;
          return Math.min(upper[i]!, Math.max(lower[i]!, value + share * (corner - value)));
        });
        const there = stageValues(chain, next);
        const oddsThere = logOdds(there.at(-1)!, k);
        if (oddsThere.value > odds.value + 1e-12) {
          [point, values, odds, better] = [next, there, oddsThere, true];
        }
      }
      if (!better) break;
    }
    if (odds.value > this.best) [this.best, this.point] = [odds.value, point];
  }
}

/** The log-odds of class k, `-log sum_{j != k} exp(z_j - z_k)`, and the share of each other class in the sum. */
function logOdds(logits: ArrayLike<number>, k: number): { readonly value: number; readonly weights: Float64Array } {
  let most = Number.NEGATIVE_INFINITY;
  for (let j = 0; j < logits.length; j++) if (j !== k) most = Math.max(most, logits[j]!);
  const weights = Float64Array.from(logits, (value, j) => (j === k ? 0 : Math.exp(value - most)));
  const sum = weights.reduce((a, b) => a + b, 0);
  return { value: logits[k]! - most - Math.log(sum), weights: weights.map((weight) => weight / sum) };
}

function pushPart(queue: Part[], part: Part): void {
  let at = queue.length;
  queue.push(part);
  while (at > 0) {
    const parent = (at - 1) >> 1;
    if (queue[parent]!.bound >= part.bound) break;
    queue[at] = queue[parent]!;
    at = parent;
  }
  queue[at] = part;
}

function takeLargest(queue: Part[]): Part {
  const top = queue[0]!;
  const last = queue.pop()!;
  if (queue.length === 0) return top;
  let at = 0;
  for (;;) {
    let child = 2 * at + 1;
    if (child >= queue.length) break;
    if (child + 1 < queue.length && queue[child + 1]!.bound > queue[child]!.bound) child++;
    if (queue[child]!.bound <= last.bound) break;
    queue[at] = queue[child]!;
    at = child;
  }
  queue[at] = last;
  return top;
}
