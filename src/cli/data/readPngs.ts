import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { DecodedPng } from 'fast-png';
import { CliError, messageOf } from '../cliError';
import { importOptional } from '../load/importOptional';
import type { Found } from './found';

/** An image as gray or colour bytes. */
interface Picture {
  readonly path: string;
  readonly shape: readonly [height: number, width: number, channels: number];
  readonly pixels: Uint8Array;
}

/** PNG files in one folder per class, or, without classes, in the folder itself; undefined if there are none. */
export async function readPngs(
  folder: string,
  files: readonly string[],
  folders: readonly string[],
): Promise<Found | undefined> {
  const paths = files
    .filter(isPng)
    .sort()
    .map((file) => ({ path: join(folder, file), label: undefined }));
  const classes = await Promise.all(
    inOrder(folders).map(async (name, k) => {
      const names = (await readdir(join(folder, name))).filter(isPng).sort();
      return names.map((file) => ({ path: join(folder, name, file), label: k }));
    }),
  );
  const labelled = classes.flat();
  const wanted = labelled.length > 0 ? labelled : paths;
  if (wanted.length === 0) return undefined;
  const pictures: Picture[] = [];
  for (const { path } of wanted) pictures.push(await readPng(path));
  const [first] = pictures as [Picture, ...Picture[]];
  const odd = pictures.find(({ shape }) => shape.some((size, i) => size !== first.shape[i]));
  if (odd !== undefined)
    throw new CliError(
      `${odd.path} is ${odd.shape.join('x')}, and ${first.path} is ${first.shape.join('x')}.`,
      'Bring all images to one size and one kind, gray or colour.',
    );
  const size = first.pixels.length;
  const values = new Uint8Array(size * pictures.length);
  for (const [i, { pixels }] of pictures.entries()) values.set(pixels, i * size);
  const labels = labelled.length > 0 ? Int32Array.from(labelled, ({ label }) => label) : undefined;
  return { shape: [pictures.length, ...first.shape], values, white: 255, labels };
}

/** Names that are all numbers are ordered as numbers, others by their letters. */
function inOrder(names: readonly string[]): string[] {
  const numbers = names.every((name) => /^\d+$/.test(name));
  return [...names].sort(numbers ? (a, b) => Number(a) - Number(b) : undefined);
}

function isPng(name: string): boolean {
  return /\.png$/i.test(name);
}

async function readPng(path: string): Promise<Picture> {
  const { decode, convertIndexedToRgb } = await importOptional(
    'fast-png',
    () => import('fast-png'),
    'it reads PNG files',
  );
  try {
    const png = decode(await readFile(path));
    const plain =
      png.palette === undefined
        ? png
        : { ...png, data: convertIndexedToRgb(png), channels: png.palette[0]!.length, depth: 8 as const };
    return { path, shape: [png.height, png.width, plain.channels > 2 ? 3 : 1], pixels: withoutAlpha(plain) };
  } catch (error) {
    throw new CliError(`${path} cannot be read: ${messageOf(error)}`, 'Save it again as a PNG of 8 bits.', error);
  }
}

/** The channels of colour, or the one of gray, in 8 bits. */
function withoutAlpha({ data, channels, depth }: Pick<DecodedPng, 'data' | 'channels' | 'depth'>): Uint8Array {
  if (depth !== 8 && depth !== 16) throw new Error(`it has ${depth} bits`);
  const kept = channels > 2 ? 3 : 1;
  const pixels = new Uint8Array((data.length / channels) * kept);
  for (let i = 0; i < pixels.length; i++) {
    const value = data[Math.floor(i / kept) * channels + (i % kept)]!;
    pixels[i] = depth === 16 ? value >> 8 : value;
  }
  return pixels;
}
