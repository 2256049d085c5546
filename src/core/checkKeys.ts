import { refuse, show, type Where } from './check';

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
