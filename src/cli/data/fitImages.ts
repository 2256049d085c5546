import type { Classifier } from '../../classifier/types';
import { onePair } from '../../core/bounds';
import type { NumberData } from '../../datasets/numericArray';
import { permuteAxes } from '../../datasets/permuteAxes';
import { CliError } from '../cliError';

/** Images as they lie on disk. */
export interface Found {
  /** `[N, ...]`. */
  readonly shape: readonly number[];
  readonly values: NumberData;
  /** The value that means white, where values are whole numbers; undefined where they are what the model takes. */
  readonly white: number | undefined;
  readonly labels?: Int32Array | undefined;
  /** What was left out or concluded, for the user to know. */
  readonly notes: readonly string[];
}

/** Values in the form that a model takes, and what was done to them besides scaling. */
export interface Fitted {
  readonly values: Float32Array;
  readonly notes: readonly string[];
}

/**
 * Values of the images in the model's shape and bounds: channels moved last where they come first, colours mixed to gray,
 * gray repeated, and flattened where it must be.
 */
export function fitImages(folder: string, found: Found, { inputShape, bounds }: Classifier): Fitted {
  const { shape, values, white, notes } = channelsLast(found, inputShape);
  const own = shape.slice(1);
  const channels = own.length === 3 ? own[2]! : 1;
  const wanted = inputShape.length === 3 ? inputShape[2]! : channels;
  const sized = sizeOf(own) / channels === sizeOf(inputShape) / wanted && sameImage(own, inputShape);
  if (!sized || (channels !== wanted && !(channels === 3 && wanted === 1) && !(channels === 1 && wanted === 3)))
    throw new CliError(
      `The images of ${folder} are ${own.join('x') || 'single numbers'}, and the model takes ${inputShape.join('x')}.`,
      sized ? `Bring them to ${wanted} channels first.` : 'Resize them first.',
    );
  const [low, high] = white === undefined ? [0, 1] : onePair({ fn: 'data', argument: 'bounds' }, bounds);
  const scale =
    white === undefined ? (value: number) => value : (value: number) => low + ((high - low) * value) / white;
  const pixel = (i: number) => scale(values[i]!);
  if (channels === wanted) {
    const scaled = new Float32Array(values.length);
    for (let i = 0; i < scaled.length; i++) scaled[i] = pixel(i);
    return { values: scaled, notes };
  }
  const result = new Float32Array((values.length / channels) * wanted);
  for (let i = 0; i < result.length; i++)
    result[i] = channels === 1 ? pixel(Math.floor(i / 3)) : (pixel(3 * i) + pixel(3 * i + 1) + pixel(3 * i + 2)) / 3;
  const done = channels === 1 ? 'gray was repeated for the three' : 'colours were mixed to gray for the one';
  return { values: result, notes: [...notes, `${done} channel${channels === 1 ? 's' : ''} of the model`] };
}

/** Images `[N, 1 or 3, H, W]`, as PyTorch has them, for a model that takes `[H, W]` or `[H, W, ...]`, turned to `[N, H, W, 1 or 3]`. */
function channelsLast({ shape, values, white }: Found, inputShape: readonly number[]): Omit<Found, 'labels'> {
  const [count = 0, channels = 0, height = 0, width = 0] = shape;
  const asTheyAre = { shape, values, white, notes: [] };
  if (shape.length !== 4 || (channels !== 1 && channels !== 3) || inputShape.every((size, i) => size === shape[i + 1]))
    return asTheyAre;
  const written = `the images are [${shape.join(', ')}], channels first`;
  if (inputShape.length === 1 && channels === 3 && width !== 3 && width !== 1)
    return { ...asTheyAre, notes: [`${written}, and the flat model was given them in this order`] };
  if (inputShape.length < 2 || height !== inputShape[0] || width !== inputShape[1]) return asTheyAre;
  return {
    shape: [count, height, width, channels],
    values: permuteAxes(values, shape, [0, 2, 3, 1]),
    white,
    notes: [`${written}; the channels were moved last, as the model has them`],
  };
}

/** Images of the same height and width, or one of the two laid out flat. */
function sameImage(a: readonly number[], b: readonly number[]): boolean {
  return a.length < 2 || b.length < 2 || (a[0] === b[0] && a[1] === b[1]);
}

function sizeOf(shape: readonly number[]): number {
  return shape.reduce((a, b) => a * b, 1);
}
