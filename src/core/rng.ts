import { refuse, show } from './check';

/**
 * A seeded stream of random numbers, drawn on the CPU so that it is the same on every backend and platform.
 *
 * The generator is xoshiro128** (Blackman and Vigna, "Scrambled linear pseudorandom number generators", 2018).
 */
export interface Rng {
  /** Next number of the uniform distribution on [0, 1), a multiple of 2^-24 and so exact in float32. */
  uniform(): number;
  /** Next number of the standard normal distribution (Box-Muller). */
  normal(): number;
  /** Next whole number of {0, ..., n - 1}, each with the same probability; n is a whole number from 1 to 2^32. */
  integer(n: number): number;
  /** A uniformly random order of 0, ..., n - 1 (Fisher-Yates); n is a whole number from 0 to 2^31. */
  permutation(n: number): Int32Array;
  /**
   * An independent stream named by `label`. It depends on this stream's seed and the label alone, not on how many
   * numbers were drawn before, so code between two forks may change without changing either.
   */
  fork(label: string | number): Rng;
  /** Where the stream stands: plain data, with which another thread or a later process can go on. */
  save(): RngState;
  /** Becomes the stream that was saved, at the place where it stood. */
  restore(state: RngState): void;
}

/** A saved place in a stream of random numbers; plain data. */
export interface RngState {
  /** Names the stream, and with it those forked from it. */
  readonly key: string;
  /** State of the generator, four 32-bit integers. */
  readonly words: readonly [number, number, number, number];
}

/**
 * Makes a random stream from a seed; the same seed gives the same stream everywhere.
 *
 * @param seed - Any string, or any finite number (0 included).
 * @throws OverconfidenceError `INVALID_OPTION` if the seed is neither a string nor a finite number.
 *
 * @example
 * ```ts
 * import { createRng } from 'relu-overconfidence';
 *
 * const rng = createRng(7);
 * console.log(rng.uniform() === createRng(7).uniform()); // true
 * ```
 */
export function createRng(seed: string | number): Rng {
  checkName('createRng', 'seed', seed);
  return fromKey(`${typeof seed}:${seed}`);
}

/** A string or a finite number, of which a stream is made. */
function checkName(fn: string, argument: string, value: string | number): void {
  if (typeof value !== 'string' && !(typeof value === 'number' && Number.isFinite(value)))
    refuse(
      { fn, argument },
      'INVALID_OPTION',
      'a string or a finite number',
      show(value),
      `Pass for example \`${argument}: 0\`.`,
    );
}

function checkCount(fn: string, n: number, least: number, most: number): void {
  if (!Number.isInteger(n) || n < least || n > most)
    refuse(
      { fn, argument: 'n' },
      'INVALID_OPTION',
      `a whole number from ${least} to ${most}`,
      show(n),
      'Look at where it was computed, for example as the length of an empty list.',
    );
}

function checkState(state: RngState): void {
  const { key, words } = state ?? {};
  const whole = Array.isArray(words) && words.length === 4 && words.every((word) => Number.isInteger(word));
  if (typeof key !== 'string' || !whole || words.every((word) => word === 0))
    refuse(
      { fn: 'rng.restore', argument: 'state' },
      'INVALID_ARGUMENT',
      'what `save` returned: a key and four whole numbers that are not all 0',
      show(state),
      'Pass the saved object, or parse its JSON first.',
    );
}

function fromKey(name: string): Rng {
  let key = name;
  const { next, words, setWords } = xoshiro128(key);
  const uniform = () => (next() >>> 8) * 2 ** -24;
  return {
    uniform,
    normal: () => Math.sqrt(-2 * Math.log(1 - uniform())) * Math.cos(2 * Math.PI * uniform()),
    integer(n) {
      checkCount('rng.integer', n, 1, 2 ** 32);
      return drawInteger(next, n);
    },
    permutation(n) {
      checkCount('rng.permutation', n, 0, 2 ** 31);
      const order = new Int32Array(n);
      for (let i = 0; i < n; i++) order[i] = i;
      for (let i = n - 1; i > 0; i--) {
        const j = drawInteger(next, i + 1);
        const swapped = order[i]!;
        order[i] = order[j]!;
        order[j] = swapped;
      }
      return order;
    },
    fork(label) {
      checkName('rng.fork', 'label', label);
      return fromKey(`${key}/${typeof label}:${label}`);
    },
    save: () => ({ key, words: words() }),
    restore(state) {
      checkState(state);
      key = state.key;
      setWords(state.words);
    },
  };
}

/**
 * Rejection sampling: numbers in the last, incomplete block of n are drawn again, so no value is favoured. The remainder
 * is taken by a division, exact below 2^32 and several times as fast as `%` on numbers beyond 2^31.
 */
function drawInteger(next: () => number, n: number): number {
  for (;;) {
    const drawn = next();
    const block = Math.floor(drawn / n) * n;
    if (block <= 2 ** 32 - n) return drawn - block;
  }
}

interface Xoshiro128 {
  /** The next 32-bit unsigned integer. */
  readonly next: () => number;
  readonly words: () => RngState['words'];
  readonly setWords: (words: RngState['words']) => void;
}

/** xoshiro128** with its state filled from a hash of the key. */
function xoshiro128(key: string): Xoshiro128 {
  const mix = splitMix(hash(key));
  let a = mix();
  let b = mix();
  let c = mix();
  let d = mix();
  const next = () => {
    const scrambled = Math.imul(rotateLeft(Math.imul(b, 5), 7), 9);
    const shifted = b << 9;
    c ^= a;
    d ^= b;
    b ^= c;
    a ^= d;
    c ^= shifted;
    d = rotateLeft(d, 11);
    return scrambled >>> 0;
  };
  return {
    next,
    words: () => [a, b, c, d],
    setWords: (saved) => {
      [a, b, c, d] = saved;
    },
  };
}

function rotateLeft(x: number, by: number): number {
  return (x << by) | (x >>> (32 - by));
}

/** FNV-1a over UTF-16 code units. */
function hash(text: string): number {
  let h = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) h = Math.imul(h ^ text.charCodeAt(i), 0x01000193);
  return h;
}

/** 32-bit SplitMix (Steele, Lea and Flood 2014, with the MurmurHash3 finaliser). */
function splitMix(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x9e3779b9) | 0;
    let z = state;
    z = Math.imul(z ^ (z >>> 16), 0x85ebca6b);
    z = Math.imul(z ^ (z >>> 13), 0xc2b2ae35);
    return z ^ (z >>> 16);
  };
}
