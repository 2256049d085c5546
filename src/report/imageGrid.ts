import { checkBounds, checkKeys, checkWhole, type KeysOf, refuse, show } from '../core/check';
import { encodePng, type Raster } from './paintCells';

/** One row of an {@link imageGrid}. */
export interface ImageRow {
  /** Text to the left of the row; letters beyond ASCII are drawn as boxes. */
  readonly label: string;
  /** A line of text under each image, such as its confidence; cut where the next image begins. @defaultValue none */
  readonly captions?: readonly string[];
  /** Pixel values `[count, height, width, channels]`, row-major, such as `await tensor.data()` gives. */
  readonly images: ArrayLike<number>;
  /** Number of images. */
  readonly count: number;
  /** Height of one image in its own pixels. */
  readonly height: number;
  /** Width of one image in its own pixels. */
  readonly width: number;
  /** 1 for grey, 3 for red, green and blue. */
  readonly channels: number;
}

/** What an {@link imageGrid} shows, and how. */
export interface ImageGridOptions {
  /** Rows from top to bottom; they may differ in count, size and channels. */
  readonly rows: readonly ImageRow[];
  /** Width and height of an image pixel in the picture, in pixels. @defaultValue 2 */
  readonly scale?: number;
  /** Values shown as black and as white; values beyond are clipped. @defaultValue [0, 1] */
  readonly bounds?: readonly [number, number];
}

const ROW_KEYS: KeysOf<ImageRow> = {
  label: true,
  captions: true,
  images: true,
  count: true,
  height: true,
  width: true,
  channels: true,
};
const FN = 'imageGrid';
const GAP = 4;
/** Pixels per dot of the labels. */
const DOT = 2;

/**
 * Draws rows of images with a label to the left of each, for example noise before and after an attack, as a PNG file.
 *
 * Needs the optional package `fast-png`. A PNG carries no text for screen readers: give it an `alt` text where you use it.
 *
 * @returns The bytes of the file; the background lets the page through, and the text is of a grey that can be read on
 * white and on black.
 * @throws OverconfidenceError `EMPTY_INPUT` without rows; `INVALID_OPTION` if a size, the scale or the bounds are out of
 * range; `INVALID_SHAPE` if a row's values do not fit its sizes; `NON_FINITE` if one is NaN or infinite;
 * `MISSING_DEPENDENCY` without `fast-png`.
 *
 * @example
 * ```ts
 * import { imageGrid } from 'relu-overconfidence/report';
 *
 * const images = Float32Array.from({ length: 3 * 8 * 8 }, (_, i) => (i % 64) / 63);
 * const png = await imageGrid({ rows: [{ label: 'ramps', images, count: 3, height: 8, width: 8, channels: 1 }] });
 * console.log(png.length > 0); // true
 * ```
 */
export async function imageGrid(options: ImageGridOptions): Promise<Uint8Array> {
  checkKeys({ fn: FN, argument: 'options' }, options, { rows: true, scale: true, bounds: true });
  const { rows, scale = 2, bounds = [0, 1] } = options;
  if (!Array.isArray(rows) || rows.length === 0)
    refuse(
      { fn: FN, argument: 'rows' },
      'EMPTY_INPUT',
      'at least one row',
      show(rows),
      'Pass [{ label, images, ... }].',
    );
  for (const [i, row] of rows.entries()) {
    checkKeys({ fn: FN, argument: `rows[${i}]` }, row, ROW_KEYS);
    checkRow(row);
  }
  checkWhole({ fn: FN, argument: 'scale' }, scale);
  checkBounds({ fn: FN, argument: 'bounds' }, bounds);
  const margin = GAP + (DOT * LETTER_WIDTH * Math.max(...rows.map(({ label }) => [...label].length)) || 0);
  const heights = rows.map((row) => Math.max(row.height * scale + captionHeight(row), DOT * LETTER_HEIGHT));
  const width = margin + GAP + Math.max(...rows.map((row) => row.count * (row.width * scale + GAP)));
  const height = GAP + heights.reduce((sum, h) => sum + h + GAP, 0);
  const raster: Raster = { width, height, channels: 4, data: clear(width * height) };
  let top = GAP;
  for (const [r, row] of rows.entries()) {
    const rowHeight = heights[r]!;
    writeText(raster, row.label, GAP, top + Math.floor((rowHeight - DOT * LETTER_HEIGHT) / 2), DOT);
    for (let i = 0; i < row.count; i++) {
      const left = margin + GAP + i * (row.width * scale + GAP);
      paint(raster, row, i, { left, top, scale, bounds });
      const letters = Math.floor((row.width * scale + GAP) / (DOT * LETTER_WIDTH));
      const caption = [...(row.captions?.[i] ?? '')].slice(0, letters).join('');
      writeText(raster, caption, left, top + row.height * scale + GAP, DOT);
    }
    top += rowHeight + GAP;
  }
  return encodePng(FN, raster);
}

/** Room under the images of a row, in pixels: a gap above the text and one below it, so that it is nearer to its image. */
function captionHeight({ captions }: ImageRow): number {
  return captions === undefined ? 0 : 2 * GAP + DOT * LETTER_HEIGHT;
}

/** Pixels of nothing: white where a program does not know opacity. */
function clear(pixels: number): Uint8Array {
  return new Uint8Array(4 * pixels).fill(255).map((byte, i) => (i % 4 === 3 ? 0 : byte));
}

interface Place {
  readonly left: number;
  readonly top: number;
  readonly scale: number;
  readonly bounds: readonly [number, number];
}

/** Draws image number `index` of a row, every value as a square of `scale` pixels. */
function paint({ data, width: stride }: Raster, row: ImageRow, index: number, place: Place): void {
  const { images, height, width, channels } = row;
  const { left, top, scale, bounds } = place;
  const [black, white] = bounds;
  for (let y = 0; y < height * scale; y++)
    for (let x = 0; x < width * scale; x++) {
      const at = 4 * ((top + y) * stride + left + x);
      for (let c = 0; c < 3; c++) {
        const pixel = (index * height + Math.floor(y / scale)) * width + Math.floor(x / scale);
        const value = images[pixel * channels + (channels === 3 ? c : 0)]!;
        const share = Math.min(1, Math.max(0, (value - black) / (white - black)));
        data[at + c] = Math.round(255 * share);
      }
      data[at + 3] = 255;
    }
}

function checkRow({ label, captions, images, count, height, width, channels }: ImageRow): void {
  if (typeof label !== 'string')
    refuse({ fn: FN, argument: 'label' }, 'INVALID_OPTION', 'a text', show(label), "Pass '' for no label.");
  checkWhole({ fn: FN, argument: 'count' }, count);
  if (captions !== undefined && !(Array.isArray(captions) && captions.every((text) => typeof text === 'string')))
    refuse({ fn: FN, argument: 'captions' }, 'INVALID_OPTION', 'texts', show(captions), 'Pass one text per image.');
  if (captions !== undefined && captions.length !== count)
    refuse(
      { fn: FN, argument: 'captions' },
      'INVALID_OPTION',
      `${count} texts, one per image`,
      `${captions.length}`,
      `Check the row "${label}".`,
    );
  checkWhole({ fn: FN, argument: 'height' }, height);
  checkWhole({ fn: FN, argument: 'width' }, width);
  if (channels !== 1 && channels !== 3)
    refuse({ fn: FN, argument: 'channels' }, 'INVALID_OPTION', '1 or 3', show(channels), 'Pick the channels to show.');
  const size = count * height * width * channels;
  if (images.length !== size)
    refuse(
      { fn: FN, argument: 'images' },
      'INVALID_SHAPE',
      `${count} x ${height} x ${width} x ${channels} = ${size} values`,
      `${images.length}`,
      `Check the sizes of the row "${label}".`,
    );
  const bad = Array.prototype.findIndex.call(images, (v: number) => !Number.isFinite(v));
  if (bad >= 0)
    refuse(
      { fn: FN, argument: 'images' },
      'NON_FINITE',
      'finite everywhere',
      `${images[bad]} at index ${bad}`,
      `Look for what made it in the row "${label}".`,
    );
}

/** Height of a letter in dots. */
const LETTER_HEIGHT = 7;
/** Width of a letter and the gap after it, in dots. */
const LETTER_WIDTH = 6;

/**
 * Letters of 5 x 7 dots for the characters from space to tilde, seven rows each; a row is one digit to base 32 whose
 * five bits are the dots from left to right.
 */
const LETTERS = [
  '0000000 4444004 aaa0000 aavavaa 4fke5u4 op248j3 cik8lid c480000 2488842 8422248 04lel40 044v440 0000c48 000v000',
  '00000cc 01248g0 ehjlphe 4c4444e eh1248v v2421he 26aiv22 vgu11he 68guhhe v124888 ehhehhe ehhf12c 0cc0cc0 0cc0c48',
  '248g842 00v0v00 8421248 eh12404 eh1dlle ehhhvhh uhhuhhu ehggghe sihhhis vgguggv vgguggg ehgnhhf hhhvhhh e44444e',
  '72222ic hikokih ggggggv hrllhhh hhpljhh ehhhhhe uhhuggg ehhhlid uhhukih fgge11u v444444 hhhhhhe hhhhha4 hhhllla',
  'hha4ahh hhha444 v1248gv e88888e 0g84210 e22222e 4ah0000 000000v 8420000 00e1fhf ggmphhu 00egghe 11djhhf 00ehvge',
  '698s888 0fhhf1e ggmphhh 40c444e 20622ic ggikoki c44444e 00qllhh 00mphhh 00ehhhe 00uhugg 00djf11 00mpggg 00ege1u',
  '88s8896 00hhhjd 00hhha4 00hhlla 00ha4ah 00hhf1e 00v248v 2448442 4444444 8442448 008l200',
].flatMap((line) => line.split(' '));
/** A hollow box, for characters that have no letter. */
const UNKNOWN = 'vhhhhhv';

/** Red, green, blue and opacity of text. */
const INK = [0x76, 0x76, 0x76, 0xff] as const;

/** Writes text with its top left corner at a pixel; a dot is `scale` pixels wide and high. */
function writeText(raster: Raster, text: string, left: number, top: number, scale: number): void {
  for (const [i, character] of [...text].entries()) {
    const letter = LETTERS[character.codePointAt(0)! - 32] ?? UNKNOWN;
    for (const [row, digit] of [...letter].entries())
      for (let column = 0; column < 5; column++)
        if ((Number.parseInt(digit, 32) >> (4 - column)) & 1)
          fillSquare(raster, left + (i * LETTER_WIDTH + column) * scale, top + row * scale, scale);
  }
}

function fillSquare({ width, data }: Raster, left: number, top: number, size: number): void {
  for (let y = top; y < top + size; y++) for (let x = left; x < left + size; x++) data.set(INK, 4 * (y * width + x));
}
