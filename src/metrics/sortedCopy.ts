// Below this length clearing the counters of the radix sort costs more than the whole native sort.
const RADIX_FROM = 8192;
const LITTLE_ENDIAN = new Uint8Array(new Uint16Array([1]).buffer)[0] === 1;

/** The scores in ascending order, in a fresh array; `-0` comes before `0`. Expects no NaN. */
export function sortedCopy(scores: ArrayLike<number>): Float64Array {
  const copy = new Float64Array(scores);
  return copy.length >= RADIX_FROM && LITTLE_ENDIAN ? radixSort(copy) : copy.sort();
}

/**
 * Least-significant-digit radix sort on the 64 bits of each number, 16 at a time: about four times as fast as the
 * native sort from 10^5 numbers on. Overwrites `scores` and returns either it or its scratch array.
 *
 * Bit patterns of doubles are ordered like the numbers when positive and the other way round when negative, so the last
 * digit, which holds the sign, fills the negative ones backwards.
 */
function radixSort(scores: Float64Array): Float64Array {
  let from: Float64Array = scores;
  let to: Float64Array = new Float64Array(scores.length);
  const slots = new Uint32Array(65536);
  for (let digit = 0; digit < 4; digit++) {
    const digits = new Uint16Array(from.buffer);
    slots.fill(0);
    for (let i = digit; i < digits.length; i += 4) slots[digits[i]!]!++;
    if (slots[digits[digit]!] === from.length) continue;
    if (digit < 3) placeByMagnitude(from, to, digits, digit, slots);
    else placeBySign(from, to, digits, slots);
    [from, to] = [to, from];
  }
  return from;
}

/** `slots` comes with the count of every digit and becomes the next free place for it. */
function placeByMagnitude(
  from: Float64Array,
  to: Float64Array,
  digits: Uint16Array,
  digit: number,
  slots: Uint32Array,
): void {
  let filled = 0;
  for (let d = 0; d < 65536; d++) {
    const count = slots[d]!;
    slots[d] = filled;
    filled += count;
  }
  for (let i = 0; i < from.length; i++) to[slots[digits[4 * i + digit]!]!++] = from[i]!;
}

function placeBySign(from: Float64Array, to: Float64Array, digits: Uint16Array, slots: Uint32Array): void {
  let filled = 0;
  for (let d = 65535; d >= 32768; d--) {
    filled += slots[d]!;
    slots[d] = filled;
  }
  for (let d = 0; d < 32768; d++) {
    const count = slots[d]!;
    slots[d] = filled;
    filled += count;
  }
  for (let i = 0; i < from.length; i++) {
    const d = digits[4 * i + 3]!;
    to[d < 32768 ? slots[d]!++ : --slots[d]!] = from[i]!;
  }
}
