import { type ErrorCode, OverconfidenceError } from './errors';

/** Who is asking: the public function and the argument under test, both as the caller knows them. */
export interface Where {
  readonly fn: string;
  readonly argument: string;
}

/** Throws the library's error for an argument; `got` is shown as it is. */
export function refuse(where: Where, code: ErrorCode, expected: string, got: string, fix: string): never {
  throw new OverconfidenceError({ code, fn: where.fn, argument: where.argument, expected, got, fix });
}

/** How a value is shown in a message: short, with its type where the text alone would mislead. */
export function show(value: unknown): string {
  if (typeof value === 'string') return JSON.stringify(value);
  if (Array.isArray(value)) return value.length > 6 ? `an array of ${value.length}` : `[${value.map(show).join(', ')}]`;
  if (typeof value === 'function') return 'a function';
  if (value !== null && typeof value === 'object') return `an object (${value.constructor?.name ?? 'no prototype'})`;
  return String(value);
}

/** A finite number greater than zero. */
export function checkPositive(where: Where, value: number): void {
  if (!(Number.isFinite(value) && value > 0))
    refuse(where, 'INVALID_OPTION', 'a finite number > 0', show(value), `Pass for example \`${where.argument}: 0.3\`.`);
}

/** A finite number that is zero or greater. */
export function checkNonNegative(where: Where, value: number): void {
  if (!(Number.isFinite(value) && value >= 0))
    refuse(where, 'INVALID_OPTION', 'a finite number >= 0', show(value), 'Pass zero or a positive number.');
}

/** A whole number, at least `least`. */
export function checkWhole(where: Where, value: number, least = 1): void {
  if (!Number.isInteger(value) || value < least)
    refuse(where, 'INVALID_OPTION', `a whole number >= ${least}`, show(value), 'Round it, or leave the default.');
}

/** A number of the closed interval [0, 1]. */
export function checkFraction(where: Where, value: number): void {
  if (typeof value !== 'number' || !(value >= 0 && value <= 1))
    refuse(where, 'INVALID_OPTION', 'a number in [0, 1]', show(value), 'Pass a share such as 0.5.');
}

/** One of a short list of words. */
export function checkOneOf<T extends string>(where: Where, value: string, allowed: readonly T[]): asserts value is T {
  if (!(allowed as readonly string[]).includes(value))
    refuse(where, 'INVALID_OPTION', `one of ${allowed.map(show).join(', ')}`, show(value), 'Check the spelling.');
}

/** A function, where one was promised. */
export function checkFunction(where: Where, value: unknown): void {
  if (typeof value !== 'function')
    refuse(where, 'INVALID_ARGUMENT', 'a function', show(value), 'Pass the function itself, not its result.');
}

/** A lower and an upper bound, finite and in this order. */
export function checkBounds(where: Where, bounds: readonly [number, number]): void {
  if (!(Array.isArray(bounds) && bounds.length === 2 && bounds.every(Number.isFinite) && bounds[0] < bounds[1]))
    refuse(
      where,
      'INVALID_OPTION',
      'two finite numbers [low, high] with low < high',
      show(bounds),
      'Pass for example `bounds: [0, 1]`.',
    );
}

/** Every key of an options type, so that the compiler notices an option that is missing from the list. */
export type KeysOf<T> = { readonly [K in keyof Required<T>]: true };

/**
 * Refuses an options object with a key that nobody reads, and offers the key that was probably meant: in JavaScript a
 * misspelt option would otherwise be a default without a word.
 */
export function checkKeys<T extends object>(where: Where, options: T, known: KeysOf<T>): void {
  if (typeof options !== 'object' || options === null || Array.isArray(options))
    refuse(where, 'INVALID_ARGUMENT', 'an object of options', show(options), 'Pass for example `{}`.');
  const marks: Readonly<Record<string, unknown>> = known;
  const names = Object.keys(known);
  for (const key of Object.keys(options)) {
    if (marks[key] === true) continue;
    const likely = nearest(key, names);
    refuse(
      where,
      'INVALID_OPTION',
      `an object with no other keys than ${names.join(', ')}`,
      `the key \`${key}\``,
      likely === undefined ? 'Leave it out.' : `Did you mean \`${likely}\`?`,
    );
  }
}

/** The name that takes the fewest edits, if they are few for its length; the first of equals. */
function nearest(key: string, names: readonly string[]): string | undefined {
  let best: string | undefined;
  let fewest = Number.POSITIVE_INFINITY;
  for (const name of names) {
    const edits = editDistance(key.toLowerCase(), name.toLowerCase());
    if (edits <= Math.max(2, name.length / 3) && edits < Math.min(fewest, name.length)) [best, fewest] = [name, edits];
  }
  return best;
}

/** The least number of insertions, deletions and substitutions of one letter that turn `a` into `b` (Levenshtein). */
function editDistance(a: string, b: string): number {
  let above = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const substituted = above[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1);
      row.push(Math.min(substituted, above[j]! + 1, row[j - 1]! + 1));
    }
    above = row;
  }
  return above[b.length]!;
}
