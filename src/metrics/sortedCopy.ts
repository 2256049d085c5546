// Below this length clearing the counters of the first cut costs more than the whole native sort.
const CUT_FROM = 8192;
const LITTLE_ENDIAN = new Uint8Array(new Uint16Array([1]).buffer)[0] === 1;
/** Every value of the upper 16 bits of a number. */
const UPPER = 65536;
/** Up to this many numbers insertion sort is the fastest. */
const FEW = 24;
/** Most parts that a group is cut into, so that their counters stay in the cache and their numbers fit 16 bits. */
const MOST_PARTS = 65536;

/** The scores in ascending order, in a fresh array; `-0` comes before `0`. Expects no NaN. */
export function sortedCopy(scores: ArrayLike<number>): Float64Array {
  if (scores.length < CUT_FROM || !LITTLE_ENDIAN) return new Float64Array(scores).sort();
  return cutByUpperBits(scores instanceof Float64Array ? scores : new Float64Array(scores));
}

/**
 * Cuts the scores into groups of the same sign, exponent and four bits of the mantissa, and sorts group by group, which
 * the cache holds. More than twice as fast as a radix sort on all 64 bits, which writes all over the memory.
 */
function cutByUpperBits(scores: Float64Array): Float64Array {
  const upper = new Uint16Array(scores.buffer, scores.byteOffset, 4 * scores.length);
  const ends = new Uint32Array(UPPER);
  for (let i = 3; i < upper.length; i += 4) ends[rank(upper[i]!)]!++;
  const largest = countsToStarts(ends, 0);
  const cut = new Float64Array(scores.length);
  for (let i = 0; i < scores.length; i++) cut[ends[rank(upper[4 * i + 3]!)]!++] = scores[i]!;
  const sorted = new Float64Array(scores.length);
  const parts = new Uint16Array(largest);
  let from = 0;
  for (let group = 0; group < UPPER; group++) {
    const to = ends[group]!;
    if (to > from) sortGroup(cut, sorted, from, to, parts);
    from = to;
  }
  return sorted;
}

/**
 * Bit patterns are ordered like the numbers when these are positive and the other way round when negative: flips the
 * sign bit of the former and every bit of the latter, without a branch, because signs come in no order.
 */
function rank(upper: number): number {
  return upper ^ ((-(upper >>> 15) & 0x7fff) | 0x8000);
}

/** Turns the size of every part into the place where it starts, and says how large the largest is. */
function countsToStarts(counts: Uint32Array, first: number): number {
  let filled = first;
  let largest = 0;
  for (let part = 0; part < counts.length; part++) {
    const count = counts[part]!;
    counts[part] = filled;
    filled += count;
    if (count > largest) largest = count;
  }
  return largest;
}

/**
 * Sorts numbers of one group, all of one sign and finite or all alike, from `cut` into the same places of `sorted`: cuts
 * the way from the smallest to the largest into as many equal parts as there are numbers. Smallest and largest land in
 * different parts, so this comes to an end, and soon: the numbers of a group are 48-bit integers times a power of two,
 * and every cut leaves a small part of that. `parts` is memory for the part of every number.
 */
function sortGroup(cut: Float64Array, sorted: Float64Array, start: number, end: number, parts: Uint16Array): void {
  let smallest = cut[start]!;
  let largest = smallest;
  for (let i = start + 1; i < end; i++) {
    const value = cut[i]!;
    if (value < smallest) smallest = value;
    if (value > largest) largest = value;
  }
  const last = Math.min(end - start, MOST_PARTS) - 1;
  const partsPerUnit = last / (largest - smallest);
  if (end - start <= FEW || !Number.isFinite(partsPerUnit)) {
    for (let i = start; i < end; i++) sorted[i] = cut[i]!;
    if (end - start <= FEW) insertionSort(sorted, start, end);
    // The differences are too small to have a reciprocal, or there are none.
    else if (largest > smallest) sorted.subarray(start, end).sort();
    return;
  }
  const ends = new Uint32Array(last + 1);
  for (let i = start; i < end; i++) {
    const part = ((cut[i]! - smallest) * partsPerUnit) | 0;
    parts[i - start] = part;
    ends[part]!++;
  }
  const crowded = countsToStarts(ends, start) > FEW;
  for (let i = start; i < end; i++) sorted[ends[parts[i - start]!]!++] = cut[i]!;
  if (crowded) sortParts(cut, sorted, start, ends, parts);
  else insertionSort(sorted, start, end);
}

/** Sorts the parts that begin at `start` and end at `ends[0]`, `ends[1]`, ...; their places in `cut` are free. */
function sortParts(
  cut: Float64Array,
  sorted: Float64Array,
  start: number,
  ends: Uint32Array,
  parts: Uint16Array,
): void {
  let from = start;
  for (const to of ends) {
    if (to - from > FEW) {
      cut.set(sorted.subarray(from, to), from);
      sortGroup(cut, sorted, from, to, parts);
    } else if (to - from > 1) insertionSort(sorted, from, to);
    from = to;
  }
}

function insertionSort(values: Float64Array, start: number, end: number): void {
  for (let i = start + 1; i < end; i++) {
    const value = values[i]!;
    let free = i;
    for (; free > start && values[free - 1]! > value; free--) values[free] = values[free - 1]!;
    values[free] = value;
  }
}

/** Which side counts as the positive class. */
export type PositiveClass = 'in' | 'out';

/** Scores of positives and negatives, the most positive score first. */
export interface SortedSides {
  readonly positives: Float64Array;
  readonly negatives: Float64Array;
  /** Whether high scores are the positive ones. */
  readonly highFirst: boolean;
}

/** Sorts both sides. High scores are the positive ones for `'in'`, low ones for `'out'`. */
export function sortedSides(inS: ArrayLike<number>, outS: ArrayLike<number>, positive: PositiveClass): SortedSides {
  const highFirst = positive === 'in';
  const positives = sortedCopy(highFirst ? inS : outS);
  const negatives = sortedCopy(highFirst ? outS : inS);
  if (highFirst) {
    positives.reverse();
    negatives.reverse();
  }
  return { positives, negatives, highFirst };
}

/**
 * The value at a fractional place 0 ... n - 1 of an ascending array, by linear interpolation between its two neighbours
 * (definition R-7 of Hyndman and Fan, "Sample quantiles in statistical packages", 1996).
 *
 * Between -Infinity and any other number lies -Infinity, between a finite number and Infinity lies Infinity.
 */
export function orderStatistic(sorted: Float64Array, place: number): number {
  const below = Math.floor(place);
  const fraction = place - below;
  const low = sorted[below]!;
  const high = sorted[below + 1] ?? low;
  if (fraction === 0 || low === high || low === Number.NEGATIVE_INFINITY) return low;
  return low + (high - low) * fraction;
}

/**
 * The number that a share `tpr` of the sorted scores lies at or above.
 *
 * The place is counted down from the largest score because (n - 1) * 0.95 is exact where (n - 1) * (1 - 0.95) is not:
 * the rounding error would lift the threshold above a score it should be equal to.
 */
export function upperThreshold(sorted: Float64Array, tpr: number): number {
  const last = sorted.length - 1;
  return orderStatistic(sorted, last - last * tpr);
}

/** The number that a share `tpr` of the sorted scores lies at or below. */
export function lowerThreshold(sorted: Float64Array, tpr: number): number {
  return orderStatistic(sorted, (sorted.length - 1) * tpr);
}
