import { CliError } from '../cliError';

/** The classes of a model, as far as they are known. */
export interface ModelClasses {
  readonly count: number;
  /** Their names in the order of the outputs, where the model comes with them. */
  readonly names: readonly string[] | undefined;
}

/** The class of each folder by its name, and what the user has to be told of how it was found. */
export interface MatchedClasses {
  readonly classes: ReadonlyMap<string, number>;
  readonly notes: readonly string[];
}

const NUMBER_THEM = 'Rename each to the number of its class, counted from 0 in the order of the outputs of the model.';

/**
 * Finds out which class each folder of images is: by the name of the class, by its number, or, where the model does not
 * name its classes, by the order of the alphabet, in which Keras and PyTorch count folders. Where that would be a guess
 * that nothing speaks for, it is refused.
 *
 * @param filled - Names of the folders that have images.
 * @param empty - Names of the folders without; they are classes only where the count needs them.
 */
export function matchClasses(filled: readonly string[], empty: readonly string[], model: ModelClasses): MatchedClasses {
  const { names, count } = model;
  if (names !== undefined && names.length !== count)
    throw new CliError(
      `metadata.json names ${names.length} classes, and the model has ${count}.`,
      'Put the metadata.json of this model beside it, or take it away.',
    );
  const numbered = filled.every((name) => /^\d+$/.test(name));
  if (names !== undefined && !(numbered && filled.every((name) => classNamed(name, names) === undefined)))
    return byName(filled, empty, names);
  return numbered ? byNumber(filled, count) : byAlphabet(filled, empty, count);
}

function byName(filled: readonly string[], empty: readonly string[], names: readonly string[]): MatchedClasses {
  const classes = new Map<string, number>();
  const strangers: string[] = [];
  for (const name of filled) {
    const found = classNamed(name, names);
    if (found === undefined) strangers.push(name);
    else classes.set(name, found);
  }
  if (strangers.length > 0)
    throw new CliError(
      `The model has no class ${listed(strangers, 'or')}; its metadata.json names ${listed(names)}.`,
      'Name each folder like its class, or by the number of its class, counted from 0.',
    );
  const without = empty.filter((name) => classNamed(name, names) !== undefined);
  return { classes, notes: without.length === 0 ? [] : [`there are no images of the class ${listed(without)}`] };
}

/** The class of that name; upper case and what is neither letter nor digit count only where names differ in nothing else. */
function classNamed(name: string, names: readonly string[]): number | undefined {
  const exact = names.indexOf(name);
  if (exact >= 0) return exact;
  const plain = (text: string) =>
    text
      .normalize('NFC')
      .toLowerCase()
      .replace(/[^\p{L}\p{N}]+/gu, '');
  const alike = names.flatMap((other, k) => (plain(name) !== '' && plain(other) === plain(name) ? [k] : []));
  return alike.length === 1 ? alike[0] : undefined;
}

/** Numbers below the number of classes are the classes; a full list that begins with 1 is counted from there. */
function byNumber(filled: readonly string[], count: number): MatchedClasses {
  const numbers = filled.map(Number);
  if (new Set(numbers).size < numbers.length)
    throw new CliError(`Two of the folders ${listed(filled)} have the same number.`, 'Put their images into one.');
  if (numbers.every((number) => number < count)) {
    // Keras and PyTorch sort 10 before 2; nothing in the folder tells who numbered it.
    const alphabet = [...filled].sort();
    const doubtful = alphabet.length === count && alphabet.some((name, k) => Number(name) !== k);
    const note = `the numbers of the folders are taken as classes; sorted by letters, as Keras sorts them, ${listed(alphabet)} would be classes 0 to ${count - 1}`;
    return { classes: new Map(filled.map((name, i) => [name, numbers[i]!])), notes: doubtful ? [note] : [] };
  }
  const whole = numbers.length === count && numbers.every((number) => number >= 1 && number <= count);
  if (!whole)
    throw new CliError(
      `There are folders ${listed(filled)}, and the classes of the model are 0 to ${count - 1}.`,
      'Pass the data that the model was made for, or rename the folders.',
    );
  return {
    classes: new Map(filled.map((name, i) => [name, numbers[i]! - 1])),
    notes: [`the folders 1 to ${count} are taken for the classes 0 to ${count - 1}`],
  };
}

function byAlphabet(filled: readonly string[], empty: readonly string[], count: number): MatchedClasses {
  const all = [...filled, ...empty].sort();
  const chosen = all.length === count ? all : [...filled].sort();
  if (chosen.length !== count)
    throw new CliError(
      `There are folders ${listed(chosen)}, and the model has ${count} classes, 0 to ${count - 1}: which is which cannot be told.`,
      `${NUMBER_THEM} Or put a metadata.json with the \`labels\` beside the model.`,
    );
  const order = chosen.map((name, k) => `${k} is ${name}`).slice(0, 20);
  return {
    classes: new Map(chosen.map((name, k) => [name, k])),
    notes: [
      `the model does not name its classes, so its outputs were taken in alphabetical order: ${order.join(', ')}${count > 20 ? ', ...' : ''}`,
      ...(chosen.length > filled.length ? [`there are no images of the class ${listed(empty)}`] : []),
    ],
  };
}

/** Words in a sentence; of many the first ones. */
export function listed(words: readonly string[], last = 'and'): string {
  const most = 12;
  if (words.length > most) return `${words.slice(0, most).join(', ')} ${last} ${words.length - most} more`;
  return words.length < 2 ? words.join() : `${words.slice(0, -1).join(', ')} ${last} ${words.at(-1)}`;
}
