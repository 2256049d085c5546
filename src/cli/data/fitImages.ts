import type { Classifier } from '../../classifier/types';
import { CliError } from '../cliError';
import type { Found } from './found';

/** Values of the images in the model's shape and bounds: colours mixed to gray, gray repeated, and flattened where it must be. */
export function fitImages(
  folder: string,
  { shape, values, white }: Found,
  { inputShape, bounds }: Classifier,
): Float32Array {
  const own = shape.slice(1);
  const channels = own.length === 3 ? own[2]! : 1;
  const wanted = inputShape.length === 3 ? inputShape[2]! : channels;
  const fits = sizeOf(own) / channels === sizeOf(inputShape) / wanted && sameImage(own, inputShape);
  if (!fits || (channels !== wanted && !(channels === 3 && wanted === 1) && !(channels === 1 && wanted === 3)))
    throw new CliError(
      `The images of ${folder} are ${own.join('x')}, and the model takes ${inputShape.join('x')}.`,
      'Resize them first.',
    );
  const [low, high] = bounds;
  const scale =
    white === undefined ? (value: number) => value : (value: number) => low + ((high - low) * value) / white;
  const pixel = (i: number) => scale(values[i]!);
  if (channels === wanted) return Float32Array.from(values, scale);
  const result = new Float32Array((values.length / channels) * wanted);
  for (let i = 0; i < result.length; i++)
    result[i] = channels === 1 ? pixel(Math.floor(i / 3)) : (pixel(3 * i) + pixel(3 * i + 1) + pixel(3 * i + 2)) / 3;
  return result;
}

/** Images of the same height and width, or one of the two laid out flat. */
function sameImage(a: readonly number[], b: readonly number[]): boolean {
  return a.length === 1 || b.length === 1 || (a[0] === b[0] && a[1] === b[1]);
}

function sizeOf(shape: readonly number[]): number {
  return shape.reduce((a, b) => a * b, 1);
}
