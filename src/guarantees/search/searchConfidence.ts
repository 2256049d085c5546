import type { Pausing } from '../../core/pausing';
import type { PiecewiseAffine } from '../../regions/types';
import { confidenceFrom, differenceBounds } from '../bounds/confidenceOverBox';
import { float32Errors } from '../bounds/float32Errors';
import { type Arithmetic, type Interval, roundoff64 } from '../bounds/interval';
import { linearBounds } from '../bounds/linearBounds';
import type { Dictionary } from './dictionary';
import { Experience, type Part, push, takeLargest } from './parts';
import { MORE_ROWS, relaxed } from './relaxed';
import { type TableauMaker, withTableaux } from './tableau';
import { clamped, climb, logOdds, stageValues, type UnitChain } from './unitChain';
import { type Choice, decided, descend, pick, type Relaxed, type Sides, setSides, upperBound } from './upperBound';

/** What is looked for: the largest confidence at points of a box, and a point with it, moved `inside` a box that rounding has not widened. */
export interface Question {
  readonly net: PiecewiseAffine;
  readonly chain: UnitChain;
  readonly box: Interval;
  readonly inside: Interval;
  /** A point of the box from which to climb, besides its middle. */
  readonly start?: Float64Array;
  readonly arithmetic: Arithmetic;
}

/** What the search has found. */
export interface Found {
  /** No point of the box has a higher confidence. */
  readonly bound: number;
  /** A point with a high one; its confidence is what nobody can bound lower. */
  readonly point: Float64Array;
  /** Whether nothing was left to look at, so that the two differ by {@link TOLERANCE} and what is allowed for float32. */
  readonly exact: boolean;
  /** Parts of the box that have been bounded. */
  readonly nodes: number;
  /** Why nothing was searched, in words. */
  readonly unsearched?: string;
}

/** Confidences nearer than this are equal. */
const TOLERANCE = 1e-6;

/** What tightening the bounds of hidden units may take of the time. */
const TIGHTENING = 0.4;

/** Far more than what float64 loses in a sum of exponentials and its logarithm. */
const ROUNDING = 1e-12;

/**
 * Searches for the largest confidence, by branch and bound.
 *
 * The log-odds of class k, `g = -log sum_{j != k} exp(z_j - z_k)`, are concave in the logits, so that each plane that touches them
 * somewhere lies above: `g <= sum_j w_j (z_k - z_j) - H(w)` for all weights w that add up to 1, H being their entropy. Over a part of the box where some
 * units are known to be on one side of their kinks, the largest t below such planes in the relaxation of the others is found by
 * linear programming, planes being added where the logits of the solution are. Its multipliers give a bound on g that holds in
 * exact arithmetic, see `upperBound`. The part with the highest bound is divided by the side of the unit that is expected to lower it
 * most, and then the higher of its parts, whose programs are solved in a few steps from there, until nothing more can be in them.
 * Every solution is a point of the box, from which the log-odds are climbed.
 *
 * @param late - Whether a share of the time is over.
 */
export function* searchConfidence(question: Question, late: (share: number) => boolean): Pausing<Found> {
  const { net, chain, box, inside, start, arithmetic } = question;
  const { classes } = net;
  const known = yield* linearBounds(net, box, true);
  const differences = yield* differenceBounds(net, known, true);
  const errors = arithmetic === 'float32' ? yield* float32Errors(net, known.bounds) : new Float64Array(classes);
  const crown = Float64Array.from({ length: classes }, (_, k) => {
    let sum = 0;
    for (let j = 0; j < classes; j++) if (j !== k) sum += Math.exp(-differences[k * classes + j]!);
    const bound = -Math.log(sum);
    return Number.isNaN(bound) ? Number.POSITIVE_INFINITY : bound + ROUNDING * (1 + Math.abs(bound));
  });
  const search = new Search(chain, crown, box, () => late(1));
  if (start !== undefined) search.climbFromAll(start);
  let unsearched: string | undefined;
  if (search.open) {
    unsearched = yield* withTableaux(function* (tableaux) {
      const relaxation = yield* relaxed(chain, known, tableaux, () => late(TIGHTENING));
      if (typeof relaxation === 'string') return relaxation;
      yield* search.run(relaxation, tableaux);
      return undefined;
    });
  }
  const { bound, point, nodes } = search;
  // Two logits may be off in float32.
  const [first, second] = errors.slice().sort((a, b) => b - a);
  const confidence = (1 + ROUNDING) / (1 + Math.exp(-(bound + first! + second!)));
  return {
    bound: Math.min(confidenceFrom(differences, errors), Number.isNaN(confidence) ? 1 : confidence),
    point: clamped(point, inside),
    exact: !search.open,
    nodes,
    ...(unsearched !== undefined && { unsearched }),
  };
}

/** A plane above the log-odds: `sum_j weights_j (z_k - z_j) - entropy`, less t, is a variable that is not negative. */
interface Plane {
  readonly variable: number;
  readonly weights: Float64Array;
}

/** The program of one class: maximise t, below all planes. */
interface ClassProgram {
  program: Dictionary;
  t: number;
  planes: Plane[];
  readonly experience: Experience;
}

/** Rounds of planes for one part at the most. */
const ROUNDS = 40;

class Search {
  /** The highest log-odds found, and where. */
  private reached = Number.NEGATIVE_INFINITY;
  point: Float64Array;
  /** Parts that have been bounded. */
  nodes = 0;
  /** No log-odds are higher. */
  bound: number;
  private relaxed!: Relaxed;
  private tableaux!: TableauMaker;
  private readonly programs = new Map<number, ClassProgram>();

  constructor(
    private readonly chain: UnitChain,
    private readonly crown: Float64Array,
    private readonly box: Interval,
    private readonly late: () => boolean,
  ) {
    this.bound = crown.reduce((a, b) => Math.max(a, b));
    this.point = box.lower.map((low, i) => low / 2 + box.upper[i]! / 2);
    this.climbFromAll(this.point);
  }

  /** Climbs from a point, moved into the box, once for each class. */
  climbFromAll(point: Float64Array): void {
    for (const k of this.crown.keys()) this.climbFrom(clamped(point, this.box), k);
  }

  /** Whether there may be more than has been found. */
  get open(): boolean {
    return this.bound > this.enough();
  }

  *run(relaxation: Relaxed, tableaux: TableauMaker): Pausing<void> {
    [this.relaxed, this.tableaux] = [relaxation, tableaux];
    const queue: Part[] = [];
    let closed = Number.NEGATIVE_INFINITY;
    const file = (part: Part) => {
      if (this.mayHold(part)) push(queue, part);
      else closed = Math.max(closed, part.bound);
    };
    for (const k of Array.from(this.crown.keys()).sort((a, b) => this.crown[b]! - this.crown[a]!))
      file(yield* this.look(k, new Int8Array(relaxation.units.length), this.crown[k]!));
    let next = this.largest(queue);
    while (next !== undefined && !this.late()) {
      const { k, sides, bound, choice } = next;
      const above = yield* this.look(k, decided(sides, choice.unit, 1), bound);
      const below = yield* this.look(k, decided(sides, choice.unit, -1), bound);
      const fallen = (part: Part) => Math.min(bound - part.bound, Math.max(0, bound - this.enough()));
      this.programs.get(k)?.experience.note(choice, fallen(above), fallen(below));
      // The program is near both: the work goes on with one of them as long as anything may be found there.
      const [more, less] = above.bound > below.bound ? [above, below] : [below, above];
      file(less);
      if (this.mayHold(more)) next = more;
      else {
        file(more);
        next = this.largest(queue);
      }
    }
    const left = Math.max(next?.bound ?? closed, queue[0]?.bound ?? closed);
    this.bound = Math.min(this.bound, Math.max(closed, left));
  }

  /** Whether a part may hold more than has been found, and can be divided. */
  private mayHold({ bound, choice }: Part): boolean {
    return bound > this.enough() && choice.unit >= 0;
  }

  /** Takes the part with the highest bound out of the queue, if it may hold more than has been found. */
  private largest(queue: Part[]): Part | undefined {
    return queue.length > 0 && queue[0]!.bound > this.enough() ? takeLargest(queue) : undefined;
  }

  /** Log-odds above which nothing more needs to be found. */
  private enough(): number {
    const confidence = 1 / (1 + Math.exp(-this.reached)) + TOLERANCE;
    return confidence >= 1 ? Number.POSITIVE_INFINITY : Math.log(confidence / (1 - confidence));
  }

  /** Bounds a part of a larger one. */
  private *look(k: number, sides: Sides, most: number): Pausing<Part> {
    const { relaxed, chain } = this;
    let [bound, choice]: [number, Choice] = [most, { unit: -1, gap: 0 }];
    this.nodes++;
    for (let round = 0; bound > this.enough(); round++) {
      const own = this.programOf(k);
      setSides(relaxed, own.program, sides);
      const ending = yield* descend(own.program, this.enough() - 1e-7, this.late);
      const safe = this.safeBound(own, k, sides);
      bound = Math.min(bound, safe.bound);
      const solved = ending === 'optimal' ? own.program.point() : undefined;
      choice = pick(relaxed, solved, safe.factors, sides, own.experience.expect);
      if (solved === undefined || this.late()) break;
      const { objective } = own.program;
      const logits = relaxed.logits.map(({ factors, constant }) =>
        factors.reduce((sum, factor, v) => (factor === 0 ? sum : sum + factor * solved[v]!), constant),
      );
      this.tryPoint(solved.subarray(0, chain.inputSize), k);
      const { value, weights } = logOdds(logits, k);
      // What the planes give away matters once it is no longer little beside what the units do.
      const little = choice.unit < 0 ? 1e-9 : 0.5 * (objective - this.reached);
      if (round >= ROUNDS || objective - value <= little) break;
      this.addPlane(own, k, weights);
      yield;
    }
    yield;
    return { k, sides, bound, choice };
  }

  /** What the multipliers of a program say, in exact arithmetic, with all planes as one: the one whose weights are their mean. */
  private safeBound({ program, planes }: ClassProgram, k: number, sides: Sides) {
    const { relaxed, chain } = this;
    const costs = program.reducedCosts(this.enough() - 1);
    const shares = planes.map(({ variable }) => Math.max(0, -costs[variable]!));
    const total = shares.reduce((a, b) => a + b, 0);
    const form = new Float64Array(chain.classes);
    for (const [p, { weights }] of planes.entries())
      if (shares[p]! > 0) for (let j = 0; j < form.length; j++) form[j]! -= (shares[p]! / total) * weights[j]!;
    const entropy = form.reduce((sum, weight) => (weight < 0 ? sum + weight * Math.log(-weight) : sum), 0);
    form[k] = -form.reduce((sum, weight) => sum + weight, 0);
    const { bound, factors } = upperBound(
      relaxed,
      chain.stages.length - 1,
      form,
      costs.map((cost) => cost / total),
      sides,
    );
    // The weights add up to 1 but for rounding.
    const rounding = roundoff64(4 * form.length) * (Math.abs(bound) + entropy + 1);
    const odds = bound - entropy + rounding;
    return { bound: Number.isNaN(odds) ? Number.POSITIVE_INFINITY : odds, factors };
  }

  private programOf(k: number): ClassProgram {
    const before = this.programs.get(k);
    if (before !== undefined) return before;
    return this.renew(k, [logOdds(stageValues(this.chain, this.point).at(-1)!, k).weights]);
  }

  /** Begins the program of a class with these planes. */
  private renew(k: number, weights: readonly Float64Array[]): ClassProgram {
    const { units, domain, program: base } = this.relaxed;
    const [width, height] = [domain.lower.length + units.length + 1, 2 * units.length + MORE_ROWS];
    const before = this.programs.get(k);
    const program = base.copy(width, height, before?.program.tableau ?? this.tableaux.make(width, height));
    const t = program.addVariable(Number.NEGATIVE_INFINITY, Math.min(this.crown[k]!, 1e6) + 1);
    program.setObjective({ factors: new Float64Array(t + 1).fill(1, t), constant: 0 });
    const experience = before?.experience ?? new Experience(units.length);
    const own: ClassProgram = { program, t, planes: [], experience };
    for (const each of weights) this.addPlane(own, k, each);
    program.exchange(own.planes[0]!.variable, t);
    this.programs.set(k, own);
    return own;
  }

  private addPlane(own: ClassProgram, k: number, weights: Float64Array): void {
    if (own.program.room === 0) {
      const costs = own.program.reducedCosts(Number.POSITIVE_INFINITY);
      const used = own.planes.filter(({ variable }) => costs[variable]! < 0).slice(-MORE_ROWS / 2);
      this.renew(k, [...used.map((plane) => plane.weights), weights]);
      return;
    }
    const { logits } = this.relaxed;
    const factors = new Float64Array(Math.max(own.t + 1, logits[k]!.factors.length));
    let constant = 0;
    for (const [j, weight] of weights.entries()) {
      if (weight === 0) continue;
      constant += weight * (Math.log(weight) + logits[k]!.constant - logits[j]!.constant);
      const [plus, minus] = [logits[k]!.factors, logits[j]!.factors];
      for (let v = 0; v < plus.length; v++) factors[v]! += weight * (plus[v]! - minus[v]!);
    }
    factors[own.t] = -1;
    own.planes.push({ variable: own.program.addRow({ factors, constant }, 0, Number.POSITIVE_INFINITY), weights });
  }

  /** Climbs from a point, moved into the box, if it is the best so far. */
  private tryPoint(x: Float64Array, k: number): void {
    const point = clamped(x, this.box);
    if (logOdds(stageValues(this.chain, point).at(-1)!, k).value > this.reached) this.climbFrom(point, k);
  }

  private climbFrom(point: Float64Array, k: number): void {
    const top = climb(this.chain, this.box, point, k);
    if (top.value > this.reached) [this.reached, this.point] = [top.value, top.point];
  }
}
