import { importFastPng } from './optionalPackages';

/** Pixels of red, green, blue and, if there are four channels, opacity, a byte each, row by row from the top. */
export interface Raster {
  readonly width: number;
  readonly height: number;
  readonly channels: 3 | 4;
  readonly data: Uint8Array;
}

/** The bytes of a PNG file. */
export async function encodePng(fn: string, { width, height, channels, data }: Raster): Promise<Uint8Array> {
  const { encode } = await importFastPng(fn);
  return encode({ width, height, channels, data });
}

/** An address that holds a whole file. */
export function dataAddress(type: string, bytes: Uint8Array): string {
  return `data:${type};base64,${btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join(''))}`;
}
