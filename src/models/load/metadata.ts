import { OverconfidenceError } from '../../core/errors';
import { COPY, FN, type ModelPlace } from './place';

/** What Teachable Machine and others put beside a model. */
export interface Metadata {
  /** All that stands in the file. */
  readonly all: Readonly<Record<string, unknown>>;
  /** Names of the classes in the order of the outputs. */
  readonly labels: readonly string[] | undefined;
  /** Where inputs lie, if the file tells who made the model. */
  readonly bounds: readonly [number, number] | undefined;
}

const NAME = 'metadata.json';
const LARGEST = 2 ** 24;

/** Reads `metadata.json` beside a model; undefined where there is none. */
export async function readMetadata(place: ModelPlace): Promise<Metadata | undefined> {
  const bytes = await place.read(NAME, LARGEST);
  // Servers that have a page for every address send it here too.
  if (bytes === undefined || (place.path.startsWith('http') && bytes[0] === 0x3c)) return undefined;
  try {
    const all: unknown = JSON.parse(new TextDecoder().decode(bytes));
    if (all === null || typeof all !== 'object' || Array.isArray(all)) throw new Error('it is not an object');
    return { all: { ...all }, ...factsOf({ ...all }) };
  } catch (cause) {
    throw new OverconfidenceError({
      code: 'INVALID_DATA',
      fn: FN,
      argument: place.path,
      expected: `beside a whole ${NAME}, or none`,
      got: `a damaged one (${cause instanceof Error ? cause.message : String(cause)})`,
      fix: COPY,
      cause,
    });
  }
}

/** Teachable Machine calls the labels of pictures and poses `labels` and those of sounds `wordLabels`, formerly `words`. */
function factsOf(all: Readonly<Record<string, unknown>>): Pick<Metadata, 'labels' | 'bounds'> {
  const labels = [all.labels, all.wordLabels, all.words].find(isNames);
  // Its image models take x / 127.5 - 1 (`capture` of @teachablemachine/image).
  const bounds = all.packageName === '@teachablemachine/image' ? ([-1, 1] as const) : undefined;
  return { labels, bounds };
}

function isNames(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.length > 0 && value.every((name) => typeof name === 'string');
}
