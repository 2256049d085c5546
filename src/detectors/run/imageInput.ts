import * as tf from '@tensorflow/tfjs-core';
import { type Bounds, onePair } from '../../core/bounds';
import { refuse } from '../../core/check';

/** What a page has of an image: an element, a bitmap, or its pixels. */
export type PixelSource = Parameters<typeof tf.browser.fromPixels>[0];

/** How an image comes into the form that a model takes. */
export interface PixelForm {
  /** `[H, W]` or `[H, W, 1 or 3]`. */
  readonly inputShape: readonly number[];
  /** The values that stand for black and white. */
  readonly bounds: Bounds;
}

const fn = 'imageInput';

/**
 * An image of a page as a batch of one that a model takes: its middle is cut out and brought to size, smoothly where the page can draw,
 * gray is mixed of the colours, and brightnesses from 0 to 255 become the bounds of the model.
 *
 * @param image - An element, a bitmap, or pixels `{ data, width, height }`, red, green, blue and alpha.
 * @param form - The `inputShape` and `bounds` of the model, such as a classifier has them.
 * @returns `[1, ...inputShape]`; the caller owns it.
 * @throws OverconfidenceError `UNSUPPORTED_MODEL` for a model of other inputs than images of 1 or 3 channels.
 *
 * @example
 * ```ts
 * import '@tensorflow/tfjs-backend-cpu';
 * import { imageInput } from 'relu-overconfidence/detectors';
 *
 * const pixels = { data: new Uint8Array([255, 0, 0, 255, 0, 0, 255, 255]), width: 1, height: 2 };
 * const x = imageInput(pixels, { inputShape: [2, 1, 3], bounds: [-1, 1] });
 * console.log(Array.from(await x.data())); // [ 1, -1, -1, -1, -1, 1 ]
 * ```
 */
export function imageInput(image: PixelSource, { inputShape, bounds }: PixelForm): tf.Tensor {
  const [low, high] = onePair({ fn, argument: 'bounds' }, bounds);
  const [height, width, channels = 1] = inputShape;
  if (height === undefined || width === undefined || inputShape.length > 3 || (channels !== 1 && channels !== 3))
    return refuse(
      { fn, argument: 'image' },
      'UNSUPPORTED_MODEL',
      'for a model of images of 1 or 3 channels',
      `one of inputs of shape [${inputShape.join(', ')}]`,
      'Make the tensor yourself, and pass it to `predict`.',
    );
  return tf.tidy(() => {
    const pixels = tf.cast(tf.browser.fromPixels(drawn(image, height, width)), 'float32') as tf.Tensor3D;
    const [h, w] = pixels.shape;
    const scale = Math.min(h / height, w / width);
    const [cutH, cutW] = [Math.round(height * scale), Math.round(width * scale)];
    const middle = tf.slice(pixels, [(h - cutH) >> 1, (w - cutW) >> 1, 0], [cutH, cutW, 3]);
    const sized = cutH === height && cutW === width ? middle : tf.image.resizeBilinear(middle, [height, width]);
    const mixed = channels === 1 ? tf.mean(sized, 2, true) : sized;
    return tf.reshape(tf.add(tf.mul(mixed, (high - low) / 255), low), [1, ...inputShape]);
  });
}

/** An image drawn to size on a canvas, which smooths where it shrinks, as `fromPixels` of tfjs and its resizing do not. */
function drawn(image: PixelSource, height: number, width: number): PixelSource {
  const source = image as {
    readonly [size in 'videoWidth' | 'videoHeight' | 'naturalWidth' | 'naturalHeight' | 'width' | 'height']?: number;
  };
  const w = source.videoWidth || source.naturalWidth || source.width || 0;
  const h = source.videoHeight || source.naturalHeight || source.height || 0;
  if (typeof document === 'undefined' || 'data' in image || w === 0 || h === 0 || (w === width && h === height))
    return image;
  const canvas = Object.assign(document.createElement('canvas'), { width, height });
  const context = canvas.getContext('2d', { willReadFrequently: true });
  if (context === null) return image;
  const scale = Math.min(h / height, w / width);
  const [cutW, cutH] = [width * scale, height * scale];
  context.imageSmoothingQuality = 'high';
  context.drawImage(image as CanvasImageSource, (w - cutW) / 2, (h - cutH) / 2, cutW, cutH, 0, 0, width, height);
  return canvas;
}
