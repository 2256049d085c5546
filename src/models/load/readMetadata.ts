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

/** The name of the file. */
export const METADATA = 'metadata.json';
const LARGEST = 2 ** 24;

/** Reads `metadata.json` beside a model; undefined where there is none. */
export async function readMetadata(place: ModelPlace): Promise<Metadata | undefined> {
  const bytes = await place.read(METADATA, LARGEST);
  // Servers that have a page for every address send it here too.
  if (bytes === undefined || (place.remote && bytes[0] === 0x3c)) return undefined;
  try {
    const all: unknown = JSON.parse(new TextDecoder().decode(bytes));
    if (all === null || typeof all !== 'object' || Array.isArray(all)) throw new Error('it is not an object');
    return { all: { ...all }, ...factsOf({ ...all }) };
  } catch (cause) {
    throw new OverconfidenceError({
      code: 'INVALID_DATA',
      fn: FN,
      argument: place.path,
      expected: `beside a whole ${METADATA}, or none`,
      got: `a damaged one (${cause instanceof Error ? cause.message : String(cause)})`,
      fix: COPY,
      cause,
    });
  }
}

/** Numbers that PoseNet tells of a picture at the settings of Teachable Machine: 17 x 17 places, 17 joints, 3 numbers each. */
const POSE = 17 * 17 * 17 * 3;

/**
 * Whether a `model.json` tells of a `metadata.json` beside it: `saveModel` says so, and the models of Teachable Machine, which
 * always have one, are known by their layers: tfjs saved them, and they end in the small Sequential that was trained (pictures
 * and sounds), or take what PoseNet makes of a picture.
 */
export function toldOfMetadata(json: { readonly metadata?: unknown; readonly modelTopology: object }): boolean {
  if (json.metadata === METADATA) return true;
  const { keras_version, config } = Object(json.modelTopology);
  if (!String(keras_version).startsWith('tfjs-layers')) return false;
  const layers: unknown = Array.isArray(config) ? config : Object(config).layers;
  if (!Array.isArray(layers) || layers.length === 0) return false;
  const input: unknown = Object(layers[0].config).batch_input_shape;
  return layers.at(-1).class_name === 'Sequential' || (Array.isArray(input) && input.length === 2 && input[1] === POSE);
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
