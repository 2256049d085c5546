import { importFastPng } from './optionalPackages';

/** Pixels of three bytes each, red, green and blue, row by row from the top. */
export interface Raster {
  readonly width: number;
  readonly height: number;
  readonly data: Uint8Array;
}

/** The bytes of a PNG file. */
export async function encodePng(fn: string, { width, height, data }: Raster): Promise<Uint8Array> {
  const { encode } = await importFastPng(fn);
  return encode({ width, height, data, channels: 3 });
}

/** An address that holds a whole file. */
export function dataAddress(type: string, bytes: Uint8Array): string {
  return `data:${type};base64,${btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join(''))}`;
}
