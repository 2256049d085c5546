import { checkOneOf, checkWhole, refuse, show } from '../core/check';
import { checkKeys } from '../core/checkKeys';
import { OverconfidenceError } from '../core/errors';
import { decodePixels, type Pixels } from './decodePixels';
import { imageHeader } from './imageHeader';
import { resize } from './resize';

/** How an image comes to the size that a model takes. */
export type ResizeMode = 'cover' | 'contain' | 'stretch';

/** How {@link decodeImage} is to work. */
export interface DecodeImageOptions {
  /** Height and width to bring the image to. @defaultValue its own */
  readonly size?: readonly [height: number, width: number];
  /**
   * What becomes of an image of other proportions: `'cover'` cuts off what stands out from the middle, as Teachable Machine
   * does; `'contain'` puts black bars beside it; `'stretch'` distorts it. @defaultValue 'cover'
   */
  readonly resize?: ResizeMode;
}

/** An image as bytes. */
export interface DecodedImage {
  /** `[height, width, 1 or 3]`: gray or red, green, blue. */
  readonly shape: readonly [height: number, width: number, channels: number];
  /** Brightnesses from 0 to 255, row by row. */
  readonly pixels: Uint8Array;
  /** Whether parts of it are transparent, whose colours count as if opaque. */
  readonly transparent: boolean;
  /** Whether it has 16 bits, of which 8 were kept. */
  readonly deep: boolean;
}

const fn = 'decodeImage';
/** The most pixels that are decoded: their bytes take 300 MB. Cameras have half of it. */
const MOST_PIXELS = 1e8;

/**
 * Decodes a JPEG, PNG or WebP file, upright as EXIF says, and brings it to a size.
 *
 * A browser decodes by itself. Node needs one of the optional packages `sharp` (JPEG, WebP), `jpeg-js` (JPEG, slower) and
 * `fast-png` (PNG). The header is read first: an image of more than 100 million pixels is refused before it takes memory.
 *
 * @param file - The bytes of the file.
 * @throws OverconfidenceError `INVALID_DATA` if it is damaged, too large or of another format; `INVALID_OPTION`;
 *   `MISSING_DEPENDENCY`.
 *
 * @example
 * ```ts no-run
 * import { readFile } from 'node:fs/promises';
 * import { decodeImage } from 'relu-overconfidence/datasets';
 *
 * const { pixels } = await decodeImage(await readFile('bottle.jpg'), { size: [224, 224] });
 * const x = Float32Array.from(pixels, (value) => value / 127.5 - 1);
 * ```
 */
export async function decodeImage(file: Uint8Array, options: DecodeImageOptions = {}): Promise<DecodedImage> {
  checkKeys({ fn, argument: 'options' }, options, { size: true, resize: true });
  const { size, resize: mode = 'cover' } = options;
  const where = { fn, argument: 'file' };
  if (!(file instanceof Uint8Array)) refuse(where, 'INVALID_ARGUMENT', 'bytes', show(file), 'Pass a Uint8Array.');
  if (size !== undefined && !(Array.isArray(size) && size.length === 2))
    refuse({ fn, argument: 'size' }, 'INVALID_OPTION', '[height, width]', show(size), 'Pass for example [224, 224].');
  size?.forEach((length) => {
    checkWhole({ fn, argument: 'size' }, length);
  });
  checkOneOf({ fn, argument: 'resize' }, mode, ['cover', 'contain', 'stretch']);
  const header = imageHeader(file);
  if (header === undefined)
    return refuse(
      where,
      'INVALID_DATA',
      'a JPEG, PNG or WebP file',
      'something else',
      'Save it again as one of these.',
    );
  const { width, height, format } = header;
  if (!(width > 0 && height > 0 && width * height <= MOST_PIXELS))
    refuse(
      where,
      'INVALID_DATA',
      `an image of 1 to ${MOST_PIXELS / 1e6} million pixels`,
      `one of ${width} x ${height}`,
      'Make it smaller first; models look at a few hundred pixels.',
    );
  const decoded = await decodePixels(fn, file, header).catch((cause: unknown) => {
    if (cause instanceof OverconfidenceError) throw cause;
    throw new OverconfidenceError({
      code: 'INVALID_DATA',
      ...where,
      expected: `a whole ${format} file`,
      got: `one that cannot be decoded (${cause instanceof Error ? cause.message : String(cause)})`,
      fix: 'Copy it again, or save it again from its program.',
      cause,
    });
  });
  const fitted = size === undefined ? decoded : fitSize(decoded, size, mode);
  const { channels, bytes, transparent, deep } = fitted;
  return { shape: [fitted.height, fitted.width, channels], pixels: bytes, transparent, deep };
}

/** Brings pixels to a size. */
function fitSize(image: Pixels, [height, width]: readonly [number, number], mode: ResizeMode): Pixels {
  if (image.height === height && image.width === width) return image;
  if (mode === 'stretch') return scaled(image, height, width);
  const [down, across] = [image.height / height, image.width / width];
  if (mode === 'cover') {
    const scale = Math.min(down, across);
    return scaled(middle(image, Math.round(height * scale), Math.round(width * scale)), height, width);
  }
  const scale = Math.max(down, across);
  const inner = scaled(
    image,
    Math.max(1, Math.round(image.height / scale)),
    Math.max(1, Math.round(image.width / scale)),
  );
  return middle(inner, height, width);
}

/** The middle of an image; black around it where it is smaller. */
function middle(image: Pixels, height: number, width: number): Pixels {
  const { channels } = image;
  const [top, left] = [Math.floor((image.height - height) / 2), Math.floor((image.width - width) / 2)];
  const bytes = new Uint8Array(height * width * channels);
  const count = Math.min(width, image.width) * channels;
  for (let y = Math.max(0, -top); y < height && y + top < image.height; y++) {
    const from = ((y + top) * image.width + Math.max(0, left)) * channels;
    bytes.set(image.bytes.subarray(from, from + count), (y * width + Math.max(0, -left)) * channels);
  }
  return { ...image, height, width, bytes };
}

function scaled(image: Pixels, height: number, width: number): Pixels {
  const { bytes: pixels, channels } = image;
  const resized = resize({ shape: [1, image.height, image.width, channels], pixels }, { height, width });
  return { ...image, height, width, bytes: resized.pixels };
}
