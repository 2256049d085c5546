import type { DecodedPng } from 'fast-png';
import { refuseMissing } from '../core/importOptional';
import { inNode } from '../core/nodeModules';
import type { ImageHeader } from './imageHeader';

/** An image upright, as gray or colour bytes, row by row. */
export interface Pixels {
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
export async function decodePixels(fn: string, file: Uint8Array, header: ImageHeader): Promise<Pixels> {
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
