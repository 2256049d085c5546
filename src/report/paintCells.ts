import type { MapBox } from './mapTypes';
import { importFastPng } from './optionalPackages';
import { viridis } from './palette';

/** Number of cells across and down. */
export interface Cells {
  readonly columns: number;
  readonly rows: number;
}

/** Square cells that cover a box, `columns` of them across. */
export function cellsOf({ x, y }: MapBox, columns: number): Cells {
  return { columns, rows: Math.max(1, Math.round((columns * (y[1] - y[0])) / (x[1] - x[0]))) };
}

/** Centres of the cells `[rows * columns, 2]`, by rows from the top. */
export function cellCentres({ x, y }: MapBox, { columns, rows }: Cells): Float32Array {
  const centres = new Float32Array(2 * rows * columns);
  for (let i = 0; i < rows * columns; i++) {
    centres[2 * i] = x[0] + (((i % columns) + 0.5) / columns) * (x[1] - x[0]);
    centres[2 * i + 1] = y[1] - ((Math.floor(i / columns) + 0.5) / rows) * (y[1] - y[0]);
  }
  return centres;
}

/** Where no confidence is known; no colour of viridis is like it. */
const GREY = [200, 200, 200] as const;

/** One pixel per cell, coloured from confidence 1/K to 1, grey for NaN, as a data address. */
export async function paintCells(
  fn: string,
  values: Float64Array,
  { columns, rows }: Cells,
  classes: number,
): Promise<string> {
  const data = new Uint8Array(3 * values.length);
  const colourOf = (c: number) => (Number.isNaN(c) ? GREY : viridis((c - 1 / classes) / (1 - 1 / classes)));
  for (const [i, c] of values.entries()) data.set(colourOf(c), 3 * i);
  return dataAddress('image/png', await encodePng(fn, { width: columns, height: rows, channels: 3, data }));
}

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
