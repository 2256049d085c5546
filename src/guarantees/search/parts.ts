import type { Choice, Sides } from './upperBound';

/** A part of the question: the log-odds of one class, with some units on one side of their kinks. */
export interface Part {
  readonly k: number;
  readonly sides: Sides;
  readonly bound: number;
  /** What is to be decided next. */
  readonly choice: Choice;
}

/** Adds a part to a heap with the highest bound on top. */
export function push(queue: Part[], part: Part): void {
  let at = queue.push(part) - 1;
  for (let above = (at - 1) >> 1; at > 0 && queue[above]!.bound < part.bound; above = (at - 1) >> 1) {
    queue[at] = queue[above]!;
    at = above;
  }
  queue[at] = part;
}

/** Takes the part with the highest bound out of the heap. */
export function takeLargest(queue: Part[]): Part {
  const [top, last] = [queue[0]!, queue.pop()!];
  if (queue.length === 0) return top;
  let at = 0;
  for (;;) {
    let child = 2 * at + 1;
    if (child + 1 < queue.length && queue[child + 1]!.bound > queue[child]!.bound) child++;
    if (child >= queue.length || queue[child]!.bound <= last.bound) break;
    queue[at] = queue[child]!;
    at = child;
  }
  queue[at] = last;
  return top;
}

/** Log-odds by which a division is taken to lower a bound at least, so that the other side of it still counts. */
const LEAST = 1e-4;

/** Divisions that a guess from the relaxation counts as much as. */
const GUESS = 4;

/** How much the bounds on a class fell where a unit was decided, which tells more of the unit than its relaxation does. */
export class Experience {
  /** By unit: divisions, and the sums of what the bounds of both sides fell by. */
  private readonly counts: Float64Array;
  private readonly above: Float64Array;
  private readonly below: Float64Array;
  /** Of all units: how much bounds fell, and what the relaxations gave away. */
  private fallen = 0;
  private gaps = 0;

  constructor(units: number) {
    this.counts = new Float64Array(units);
    this.above = new Float64Array(units);
    this.below = new Float64Array(units);
  }

  /** Takes down by how much the bound fell on either side of a unit. */
  note({ unit, gap }: Choice, above: number, below: number): void {
    this.counts[unit]!++;
    this.above[unit]! += above;
    this.below[unit]! += below;
    this.fallen += fall(above, below);
    this.gaps += gap;
  }

  /** By how much a bound may be expected to fall if the unit is decided. */
  readonly expect = ({ unit, gap }: Choice): number => {
    const guess = this.gaps > 0 ? (gap * this.fallen) / this.gaps : gap;
    const count = this.counts[unit]!;
    if (count === 0) return guess;
    const mean = fall(this.above[unit]! / count, this.below[unit]! / count);
    return (count * mean + GUESS * guess) / (count + GUESS);
  };
}

function fall(above: number, below: number): number {
  return Math.sqrt(Math.max(above, LEAST) * Math.max(below, LEAST));
}
