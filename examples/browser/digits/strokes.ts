/** A point on the drawing pad, both coordinates in [0, 1], y downwards. */
export interface PadPoint {
  readonly x: number;
  readonly y: number;
}

/** Points between putting the pen down and lifting it. */
export type Stroke = readonly PadPoint[];

const SIZE = 8;
/** Looked at per pixel and axis. */
const FINE = 4;
/** Half the thickness of a line, in pixels. */
const RADIUS = 0.62;
/** Height and width of the largest drawing, from middle of line to middle of line, in pixels. */
const TALLEST = 6.7;
const WIDEST = 5.6;
/** Small drawings are enlarged at most to what a drawing over this share of the pad would be. */
const SMALLEST = 0.25;

/**
 * A drawing as an image of 8x8 pixels, made as the images of the training were: moved and scaled to fill the frame, then each
 * pixel is the share of its 4x4 parts that the pen touched.
 */
export function toPixels(strokes: readonly Stroke[]): Float32Array {
  const pixels = new Float32Array(SIZE * SIZE);
  const placed = fillFrame(strokes);
  for (let i = 0; i < SIZE * SIZE * FINE * FINE; i++) {
    const [column, row] = [i % (SIZE * FINE), Math.floor(i / (SIZE * FINE))];
    const at = { x: (column + 0.5) / FINE, y: (row + 0.5) / FINE };
    if (!placed.some((stroke) => touches(stroke, at))) continue;
    pixels[SIZE * Math.floor(row / FINE) + Math.floor(column / FINE)]! += 1 / (FINE * FINE);
  }
  return pixels;
}

function fillFrame(strokes: readonly Stroke[]): Stroke[] {
  const points = strokes.flat();
  const [left, right] = [Math.min(...points.map(({ x }) => x)), Math.max(...points.map(({ x }) => x))];
  const [top, bottom] = [Math.min(...points.map(({ y }) => y)), Math.max(...points.map(({ y }) => y))];
  const scale = Math.min(TALLEST / Math.max(SMALLEST, bottom - top), WIDEST / Math.max(SMALLEST, right - left));
  return strokes.map((stroke) =>
    stroke.map(({ x, y }) => ({
      x: SIZE / 2 + scale * (x - (left + right) / 2),
      y: SIZE / 2 + scale * (y - (top + bottom) / 2),
    })),
  );
}

function touches(stroke: Stroke, at: PadPoint): boolean {
  return stroke.some((to, i) => distanceToSegment(at, stroke[Math.max(0, i - 1)]!, to) <= RADIUS);
}

function distanceToSegment(at: PadPoint, from: PadPoint, to: PadPoint): number {
  const [dx, dy] = [to.x - from.x, to.y - from.y];
  const length = dx * dx + dy * dy;
  const along = length === 0 ? 0 : ((at.x - from.x) * dx + (at.y - from.y) * dy) / length;
  const share = Math.min(1, Math.max(0, along));
  return Math.hypot(at.x - from.x - share * dx, at.y - from.y - share * dy);
}
