import type { DecodedPng } from 'fast-png';
import { checkKeys, checkOneOf, checkWhole, refuse, show } from '../core/check';
import { OverconfidenceError } from '../core/errors';
import { inNode, refuseMissing } from '../core/nodeModules';
import { type ImageHeader, imageHeader } from './imageHeader';
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

/** An image upright, as gray or colour bytes, row by row. */
interface Pixels {
  readonly height: number;
  readonly width: number;
  readonly channels: 1 | 3;
  readonly bytes: Uint8Array;
  /** Whether parts of it are transparent; their colours count as if opaque. */
  readonly transparent: boolean;
  /** Whether it had 16 bits, of which 8 were kept. */
  readonly deep: boolean;
}

/** Numbers of an image with any channels. */
interface Raw {
  readonly height: number;
  readonly width: number;
  readonly channels: number;
  readonly data: ArrayLike<number>;
  readonly depth: number;
}

/** Decodes a file: in a browser by the browser, in Node by `sharp`, or, where that is not installed, by packages for one format each. */
async function decodePixels(fn: string, file: Uint8Array, header: ImageHeader): Promise<Pixels> {
  if (!inNode()) return byBrowser(file);
  if (header.format === 'PNG') return withoutAlpha(await byFastPng(fn, file));
  const sharp: SharpModule | undefined = await byName('sharp').catch(() => undefined);
  if (sharp !== undefined) return bySharp(sharp, file);
  if (header.format === 'WebP')
    return refuseMissing(
      fn,
      { name: 'sharp', reason: 'it reads WebP files' },
      new Error("Cannot find package 'sharp'"),
    );
  const jpeg: JpegModule = await byName('jpeg-js').catch((cause: unknown) =>
    refuseMissing(fn, { name: 'sharp', reason: 'it, or jpeg-js, reads JPEG files' }, cause),
  );
  return byJpegJs(jpeg, file, header.orientation);
}

/** Imports a package by a name that bundlers do not follow: it is for Node alone, and need not be there. */
function byName(name: string) {
  return import(/* webpackIgnore: true */ /* @vite-ignore */ name);
}

interface JpegModule {
  decode(file: Uint8Array, options: object): { width: number; height: number; data: Uint8Array };
}

/** Decodes a JPEG and sets it upright. */
export function byJpegJs({ decode }: JpegModule, file: Uint8Array, orientation: number): Pixels {
  // The size was looked at before; these limits are of the package.
  const decoded = decode(file, { useTArray: true, maxResolutionInMP: 1000, maxMemoryUsageInMB: 4096 });
  return turned(withoutAlpha({ ...decoded, channels: 4, depth: 8 }), orientation);
}

interface SharpImage {
  metadata(): Promise<{ readonly space?: string }>;
  rotate(): SharpImage;
  toColourspace(space: string): SharpImage;
  raw(): SharpImage;
  toBuffer(options: {
    resolveWithObject: true;
  }): Promise<{ data: Uint8Array; info: { width: number; height: number; channels: number } }>;
}

interface SharpModule {
  readonly default: (file: Uint8Array, options: object) => SharpImage;
}

/** Decodes a JPEG or WebP and sets it upright. */
export async function bySharp({ default: sharp }: SharpModule, file: Uint8Array): Promise<Pixels> {
  const image = sharp(file, { limitInputPixels: false, failOn: 'truncated' });
  const { space } = await image.metadata();
  // `rotate` without an angle follows EXIF.
  const upright = image.rotate().toColourspace(space === 'b-w' ? 'b-w' : 'srgb');
  const { data, info } = await upright.raw().toBuffer({ resolveWithObject: true });
  return withoutAlpha({ ...info, data, depth: 8 });
}

async function byFastPng(fn: string, file: Uint8Array): Promise<Raw> {
  const { decode, convertIndexedToRgb }: typeof import('fast-png') = await byName('fast-png').catch((cause: unknown) =>
    refuseMissing(fn, { name: 'fast-png', reason: 'it reads PNG files' }, cause),
  );
  const png: DecodedPng = decode(file);
  if (png.palette === undefined) return png;
  return { ...png, data: convertIndexedToRgb(png), channels: png.palette[0]!.length, depth: 8 };
}

async function byBrowser(file: Uint8Array): Promise<Pixels> {
  const bitmap = await createImageBitmap(new Blob([file.slice()]), {
    imageOrientation: 'from-image',
    premultiplyAlpha: 'none',
  });
  const { width, height } = bitmap;
  const context = new OffscreenCanvas(width, height).getContext('2d')!;
  context.drawImage(bitmap, 0, 0);
  bitmap.close();
  return withoutAlpha({ width, height, channels: 4, data: context.getImageData(0, 0, width, height).data, depth: 8 });
}

/** The channels of colour, or the one of gray, in 8 bits; and whether there was more to it. */
function withoutAlpha({ data, channels, depth, height, width }: Raw): Pixels {
  if (depth !== 8 && depth !== 16) throw new Error(`it has ${depth} bits`);
  const kept = channels > 2 ? 3 : 1;
  const bytes = new Uint8Array(height * width * kept);
  for (let i = 0, pixel = 0; pixel < data.length; pixel += channels)
    for (let c = 0; c < kept; c++) bytes[i++] = depth === 16 ? data[pixel + c]! >> 8 : data[pixel + c]!;
  let transparent = false;
  if (channels > kept) for (let i = kept; i < data.length; i += channels) transparent ||= data[i]! < 2 ** depth - 1;
  return { height, width, channels: kept, bytes, transparent, deep: depth === 16 };
}

/** Turns and mirrors pixels as an orientation of EXIF says (Exif 2.32, 4.6.4). */
function turned(image: Pixels, orientation: number): Pixels {
  if (orientation === 1) return image;
  const { height, width, channels, bytes } = image;
  const swaps = orientation >= 5;
  const [newHeight, newWidth] = swaps ? [width, height] : [height, width];
  // From the right, and from below, in the stored image.
  const right = [2, 3, 7, 8].includes(orientation);
  const below = [3, 4, 6, 7].includes(orientation);
  const result = new Uint8Array(bytes.length);
  let at = 0;
  for (let y = 0; y < newHeight; y++)
    for (let x = 0; x < newWidth; x++) {
      const [row, column] = swaps ? [x, y] : [y, x];
      const from = ((below ? height - 1 - row : row) * width + (right ? width - 1 - column : column)) * channels;
      for (let c = 0; c < channels; c++) result[at++] = bytes[from + c]!;
    }
  return { ...image, height: newHeight, width: newWidth, bytes: result };
}
