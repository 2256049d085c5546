import type { Sides } from './upperBound';

/** A part of the question: the log-odds of one class, with some units on one side of their kinks. */
export interface Part {
  readonly k: number;
  readonly sides: Sides;
  readonly bound: number;
  /** The unit to be decided next. */
  readonly unit: number;
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
