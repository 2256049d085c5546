import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { OverconfidenceError } from '../../core/errors';
import { type Progress, progressClock } from '../../core/progress';
import { type DecodedImage, decodeImage, type ResizeMode } from '../../datasets/decodeImage';
import { imageHeader } from '../../datasets/imageHeader';
import { isHidden } from '../../datasets/layout';
import { CliError, Interrupted, messageOf } from '../cliError';
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

/** Finds the classes of folders by the names of those with and without images. */
type Match = (filled: readonly string[], empty: readonly string[]) => MatchedClasses;

/** How the images of files are read. */
export interface PictureOptions {
  /** The size that the model takes; undefined where images come in their own. */
  readonly size?: readonly [height: number, width: number] | undefined;
  /** What becomes of images of other proportions. */
  readonly resize?: ResizeMode | undefined;
  readonly onProgress?: ((progress: Progress) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
}

/**
 * PNG, JPEG and WebP files in one folder per class, or, without classes, in the folder itself; undefined if there are none.
 * They are read one after the other and each is brought to its size at once, so that few are in memory as they were.
 *
 * @param match - Finds the classes; undefined where they do not matter.
 */
export async function readPictures(
  folder: string,
  top: Listing,
  match: Match | undefined,
  options: PictureOptions,
): Promise<Found | undefined> {
  const folders = await Promise.all(
    top.folders.map(async (name) => ({ name, listing: await listFolder(join(folder, name)) })),
  );
  const filled = folders.filter(({ listing }) => listing.files.some(isPicture));
  const places = filled.length > 0 ? filled : [{ name: '', listing: top }];
  const all = places.flatMap(({ name, listing }) =>
    listing.files.filter(isPicture).map((file) => ({ name, path: join(folder, name, file) })),
  );
  const others = otherImages([top, ...folders.map(({ listing }) => listing)].flatMap(({ files }) => files));
  if (all.length === 0 && others !== undefined)
    throw new CliError(
      `In ${folder} ${others} found, and no JPEG, PNG or WebP file, which alone are read.`,
      'Convert them to JPEG or PNG.',
    );
  if (all.length === 0) return undefined;
  const names = filled.map(({ name }) => name);
  const matched =
    filled.length === 0
      ? undefined
      : match?.(
          names,
          top.folders.filter((name) => !names.includes(name)),
        );
  const { size, resize = 'cover' } = options;
  const pictures: Picture[] = [];
  const clock = progressClock(all.length);
  let wanted: readonly { readonly name: string; readonly path: string }[] = all;
  for (let i = 0; i < wanted.length; i++) {
    if (options.signal?.aborted) throw new Interrupted('Images were still being read.', 'Run the same command again.');
    pictures.push(await readPicture(wanted[i]!.path, size, resize));
    options.onProgress?.(clock(i + 1, `reading ${folder}`));
    // The first tells how many fit.
    if (i === 0) wanted = spread(all, Math.max(1, Math.floor(MOST_VALUES / pictures[0]!.pixels.length)));
  }
  const [first] = pictures as [Picture, ...Picture[]];
  const odd = pictures.find(({ shape }) => shape[0] !== first.shape[0] || shape[1] !== first.shape[1]);
  if (odd !== undefined)
    throw new CliError(
      `${odd.path} is ${odd.shape.join('x')}, and ${first.path} is ${first.shape.join('x')}.`,
      'Bring all images to one size.',
    );
  const gray = pictures.filter(({ shape }) => shape[2] === 1).length;
  const channels = gray === pictures.length ? 1 : 3;
  const length = first.shape[0] * first.shape[1] * channels;
  const values = new Uint8Array(length * pictures.length);
  for (const [i, { pixels, shape }] of pictures.entries())
    if (shape[2] === channels) values.set(pixels, i * length);
    else for (let k = 0; k < length; k++) values[i * length + k] = pixels[Math.floor(k / 3)]!;
  const labels = matched && Int32Array.from(wanted, ({ name }) => matched.classes.get(name)!);
  const count = (kind: 'transparent' | 'deep' | 'resized') => pictures.filter((picture) => picture[kind]).length;
  const [transparent, deep, resized] = [count('transparent'), count('deep'), count('resized')];
  const notes = [
    ...(matched?.notes ?? []),
    ...(wanted.length === all.length
      ? []
      : [
          `of ${all.length} images ${wanted.length} were read, evenly from all folders, as more do not fit into memory`,
        ]),
    ...(others === undefined ? [] : [`${others} not read, as only JPEG, PNG and WebP are`]),
    ...leftOut(top, folders, filled.length > 0),
    ...(resized === 0
      ? []
      : [`${images(resized)} brought to ${size!.join('x')}, ${RESIZED[resize]} (--resize ${resize})`]),
    ...(channels === 1 || gray === 0 ? [] : [`${images(gray)} gray, among others in colour`]),
    ...(deep === 0 ? [] : [`${deep} ${deep === 1 ? 'image has' : 'images have'} 16 bits, of which 8 were kept`]),
    ...(transparent === 0
      ? []
      : [
          `${transparent} ${transparent === 1 ? 'image has' : 'images have'} transparent parts, whose colours count as if opaque`,
        ]),
  ];
  return { shape: [pictures.length, first.shape[0], first.shape[1], channels], values, white: 255, labels, notes };
}

/** Values of all images together, which take 1 GiB as float32. */
const MOST_VALUES = 2 ** 28;

const RESIZED: Readonly<Record<ResizeMode, string>> = {
  cover: 'their middle cut out where they have other proportions',
  contain: 'with black bars where they have other proportions',
  stretch: 'distorted where they have other proportions',
};

function images(count: number): string {
  return `${count} ${count === 1 ? 'image was' : 'images were'}`;
}

/** At most `most` of a list, evenly spread. */
function spread<T>(list: readonly T[], most: number): readonly T[] {
  if (list.length <= most) return list;
  return Array.from({ length: most }, (_, i) => list[Math.floor((i * list.length) / most)]!);
}

/** Images that were passed over: beside the folders of classes, within folders inside them, and under hidden names. */
function leftOut(
  top: Listing,
  folders: readonly { readonly name: string; readonly listing: Listing }[],
  classes: boolean,
): string[] {
  const loose = classes ? top.files.filter(isPicture).length : 0;
  const inner = folders.flatMap(({ name, listing }) => listing.folders.map((deep) => `${name}/${deep}`));
  const hidden = [
    ...top.hidden.filter((name) => isPicture(name) || isFolderName(name)),
    ...folders.flatMap(({ name, listing }) =>
      listing.hidden.filter((one) => isPicture(one) || isFolderName(one)).map((one) => `${name}/${one}`),
    ),
  ];
  return [
    ...(loose === 0 ? [] : [`${images(loose)} not read, beside the folders of the classes`]),
    ...(inner.length === 0 ? [] : [`folders inside those of the classes were not read: ${listed(inner)}`]),
    ...(hidden.length === 0 ? [] : [`hidden, and not read: ${listed(hidden)}`]),
  ];
}

/** Hidden names by which systems and editors call folders that may hold images. */
function isFolderName(name: string): boolean {
  return !/^(?:\._.*|\.DS_Store|\.git\w*|thumbs\.db|desktop\.ini)$/i.test(name);
}

const OTHER_IMAGES: Readonly<Record<string, string>> = { tif: 'TIFF' };

/** How many images of other formats there are, for example "12 JPEG and 1 GIF files were"; undefined if none. */
function otherImages(files: readonly string[]): string | undefined {
  const counts = new Map<string, number>();
  for (const file of files) {
    const ending = /\.(bmp|gif|tiff?|avif|hei[cf]|jp2|jxl|p[bgnp]m|tga|svg|ico)$/i.exec(file)?.[1]?.toLowerCase();
    if (ending === undefined) continue;
    const format = OTHER_IMAGES[ending] ?? ending.toUpperCase();
    counts.set(format, (counts.get(format) ?? 0) + 1);
  }
  if (counts.size === 0) return undefined;
  const total = [...counts.values()].reduce((a, b) => a + b);
  return `${listed([...counts].map(([format, count]) => `${count} ${format}`))} ${total === 1 ? 'file was' : 'files were'}`;
}

/** Whether a name is that of an image that is read. */
export function isPicture(name: string): boolean {
  return /\.(?:png|jpe?g|jpe|jfif|webp)$/i.test(name);
}

interface Picture extends DecodedImage {
  readonly path: string;
  readonly resized: boolean;
}

/** No photograph has more bytes. */
const MOST_BYTES = 2 ** 28;

async function readPicture(path: string, size: PictureOptions['size'], resize: ResizeMode): Promise<Picture> {
  try {
    const { size: bytes } = await stat(path);
    if (bytes > MOST_BYTES)
      throw new CliError(`${path} has ${bytes} bytes.`, 'Save it smaller; models look at a few hundred pixels.');
    const file = await readFile(path);
    const header = imageHeader(file);
    const turned = (header?.orientation ?? 1) >= 5;
    const own = turned ? [header?.width, header?.height] : [header?.height, header?.width];
    const decoded = await decodeImage(file, size && { size, resize });
    return { ...decoded, path, resized: size !== undefined && own.join() !== size.join() };
  } catch (error) {
    if (error instanceof CliError || (error instanceof OverconfidenceError && error.code === 'MISSING_DEPENDENCY'))
      throw error;
    const [said, fix] =
      error instanceof OverconfidenceError
        ? [`${path} is not ${error.expected}, but ${error.got}.`, error.fix]
        : [`${path} cannot be read: ${messageOf(error)}.`, 'Look at its permissions.'];
    throw new CliError(said, fix, error);
  }
}
