import { checkKeys, type KeysOf, refuse, show, type Where } from '../core/check';

/** Images as bytes, with their classes where these are known. */
export interface ImageSet {
  /** Number of images, and the size of each. */
  readonly shape: readonly [count: number, height: number, width: number, channels: number];
  /** Brightness 0, ..., 255, row-major with the channels of a pixel together. */
  readonly pixels: Uint8Array;
  /** Class of each image, 0, 1, ...; absent where the file has none. */
  readonly labels?: Int32Array;
  /** Superclass of each image, CIFAR-100 only. */
  readonly coarseLabels?: Int32Array;
}

const KEYS: KeysOf<ImageSet> = { shape: true, pixels: true, labels: true, coarseLabels: true };

/** An image set whose pixels fill its shape. */
export function checkImageSet(where: Where, images: ImageSet): void {
  const { shape, pixels } = images ?? {};
  const fits =
    Array.isArray(shape) &&
    shape.length === 4 &&
    pixels instanceof Uint8Array &&
    shape.reduce((a, b) => a * b) === pixels.length;
  if (!fits)
    refuse(
      where,
      'INVALID_ARGUMENT',
      'an image set: a shape of four sizes and as many pixels, a Uint8Array',
      show(images),
      'Pass what loadDataset, toImageSet or one of the parsers returns.',
    );
  checkKeys(where, images, KEYS);
}
