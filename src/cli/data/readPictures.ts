import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { DecodedPng } from 'fast-png';
import { importOptional } from '../../core/importOptional';
import { isHidden } from '../../datasets/layout';
import { CliError, messageOf } from '../cliError';
import type { Found } from './fitImages';
import { listed, type MatchedClasses } from './matchClasses';

/** What a folder has in it; `hidden` is what no data set means to have there, such as `.DS_Store` and `__MACOSX`. */
export interface Listing {
  readonly files: readonly string[];
  readonly folders: readonly string[];
  readonly hidden: readonly string[];
}

/** Lists a folder; links count as what they point to. */
export async function listFolder(folder: string): Promise<Listing> {
  const [files, folders, hidden]: [string[], string[], string[]] = [[], [], []];
  for (const entry of (await readdir(folder, { withFileTypes: true })).sort((a, b) => (a.name < b.name ? -1 : 1))) {
    const { name } = entry;
    const linked = entry.isSymbolicLink() ? await stat(join(folder, name)).catch(() => entry) : entry;
    const list = isHidden(name) ? hidden : linked.isDirectory() ? folders : files;
    list.push(name);
  }
  return { files, folders, hidden };
}

/** An image as gray or colour bytes. */
interface Picture {
  readonly path: string;
  readonly shape: readonly [height: number, width: number, channels: number];
  readonly pixels: Uint8Array;
  readonly transparent: boolean;
  /** Whether it has more than 8 bits. */
  readonly deep: boolean;
}

/** Finds the classes of folders by the names of those with and without images. */
type Match = (filled: readonly string[], empty: readonly string[]) => MatchedClasses;

/**
 * PNG files in one folder per class, or, without classes, in the folder itself; undefined if there are none.
 *
 * @param match - Finds the classes; undefined where they do not matter.
 */
export async function readPictures(folder: string, top: Listing, match: Match | undefined): Promise<Found | undefined> {
  const folders = await Promise.all(
    top.folders.map(async (name) => ({ name, listing: await listFolder(join(folder, name)) })),
  );
  const filled = folders.filter(({ listing }) => listing.files.some(isPng));
  const places = filled.length > 0 ? filled : [{ name: '', listing: top }];
  const wanted = places.flatMap(({ name, listing }) =>
    listing.files.filter(isPng).map((file) => ({ name, path: join(folder, name, file) })),
  );
  const others = otherImages([top, ...folders.map(({ listing }) => listing)].flatMap(({ files }) => files));
  if (wanted.length === 0 && others !== undefined)
    throw new CliError(`In ${folder} ${others} found, and no PNG file, which alone is read.`, 'Convert them to PNG.');
  if (wanted.length === 0) return undefined;
  const names = filled.map(({ name }) => name);
  const matched =
    filled.length === 0
      ? undefined
      : match?.(
          names,
          top.folders.filter((name) => !names.includes(name)),
        );
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
  const labels = matched && Int32Array.from(wanted, ({ name }) => matched.classes.get(name)!);
  const count = (kind: 'transparent' | 'deep') => pictures.filter((picture) => picture[kind]).length;
  const [transparent, deep] = [count('transparent'), count('deep')];
  const notes = [
    ...(matched?.notes ?? []),
    ...(others === undefined ? [] : [`${others} not read, as only PNG is`]),
    ...leftOut(top, folders, filled.length > 0),
    ...(deep === 0 ? [] : [`${deep} ${deep === 1 ? 'image has' : 'images have'} 16 bits, of which 8 were kept`]),
    ...(transparent === 0
      ? []
      : [
          `${transparent} ${transparent === 1 ? 'image has' : 'images have'} transparent parts, whose colours count as if opaque`,
        ]),
  ];
  return { shape: [pictures.length, ...first.shape], values, white: 255, labels, notes };
}

/** Images that were passed over: beside the folders of classes, within folders inside them, and under hidden names. */
function leftOut(
  top: Listing,
  folders: readonly { readonly name: string; readonly listing: Listing }[],
  classes: boolean,
): string[] {
  const loose = classes ? top.files.filter(isPng).length : 0;
  const inner = folders.flatMap(({ name, listing }) => listing.folders.map((deep) => `${name}/${deep}`));
  const hidden = [
    ...top.hidden.filter((name) => isPng(name) || isFolderName(name)),
    ...folders.flatMap(({ name, listing }) =>
      listing.hidden.filter((one) => isPng(one) || isFolderName(one)).map((one) => `${name}/${one}`),
    ),
  ];
  return [
    ...(loose === 0
      ? []
      : [`${loose} PNG ${loose === 1 ? 'file was' : 'files were'} not read, beside the folders of the classes`]),
    ...(inner.length === 0 ? [] : [`folders inside those of the classes were not read: ${listed(inner)}`]),
    ...(hidden.length === 0 ? [] : [`hidden, and not read: ${listed(hidden)}`]),
  ];
}

/** Hidden names by which systems and editors call folders that may hold images. */
function isFolderName(name: string): boolean {
  return !/^(?:\._.*|\.DS_Store|\.git\w*|thumbs\.db|desktop\.ini)$/i.test(name);
}

const OTHER_IMAGES: Readonly<Record<string, string>> = { jpg: 'JPEG', jpe: 'JPEG', jfif: 'JPEG', tif: 'TIFF' };

/** How many images of other formats there are, for example "12 JPEG and 1 GIF files were"; undefined if none. */
function otherImages(files: readonly string[]): string | undefined {
  const counts = new Map<string, number>();
  for (const file of files) {
    const ending = /\.(jpe?g?|jfif|webp|bmp|gif|tiff?|avif|hei[cf]|jp2|jxl|p[bgnp]m|tga|svg|ico)$/i
      .exec(file)?.[1]
      ?.toLowerCase();
    if (ending === undefined) continue;
    const format = OTHER_IMAGES[ending] ?? ending.toUpperCase();
    counts.set(format, (counts.get(format) ?? 0) + 1);
  }
  if (counts.size === 0) return undefined;
  const total = [...counts.values()].reduce((a, b) => a + b);
  return `${listed([...counts].map(([format, count]) => `${count} ${format}`))} ${total === 1 ? 'file was' : 'files were'}`;
}

function isPng(name: string): boolean {
  return /\.png$/i.test(name);
}

async function readPng(path: string): Promise<Picture> {
  const { decode, convertIndexedToRgb } = await importOptional(
    '--data',
    { name: 'fast-png', reason: 'it reads PNG files' },
    () => import('fast-png'),
  );
  try {
    const png = decode(await readFile(path));
    const plain =
      png.palette === undefined
        ? png
        : { ...png, data: convertIndexedToRgb(png), channels: png.palette[0]!.length, depth: 8 as const };
    return { path, shape: [png.height, png.width, plain.channels > 2 ? 3 : 1], ...withoutAlpha(plain) };
  } catch (error) {
    throw new CliError(`${path} cannot be read: ${messageOf(error)}`, 'Save it again as a PNG of 8 bits.', error);
  }
}

/** The channels of colour, or the one of gray, in 8 bits; and whether there was more to it. */
function withoutAlpha({
  data,
  channels,
  depth,
}: Pick<DecodedPng, 'data' | 'channels' | 'depth'>): Pick<Picture, 'pixels' | 'transparent' | 'deep'> {
  if (depth !== 8 && depth !== 16) throw new Error(`it has ${depth} bits`);
  const kept = channels > 2 ? 3 : 1;
  const pixels = new Uint8Array((data.length / channels) * kept);
  for (let i = 0; i < pixels.length; i++) {
    const value = data[Math.floor(i / kept) * channels + (i % kept)]!;
    pixels[i] = depth === 16 ? value >> 8 : value;
  }
  let transparent = false;
  if (channels > kept) for (let i = kept; i < data.length; i += channels) transparent ||= data[i]! < 2 ** depth - 1;
  return { pixels, transparent, deep: depth === 16 };
}
