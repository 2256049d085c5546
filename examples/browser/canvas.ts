import { viridis } from '../../src/report/palette';

/** What to draw with, in CSS pixels. */
export interface Sheet {
  readonly context: CanvasRenderingContext2D;
  readonly width: number;
  readonly height: number;
}

/** Fits a canvas to its size on the screen and clears it; undefined while it is not shown. */
export function openSheet(canvas: HTMLCanvasElement): Sheet | undefined {
  const { clientWidth: width, clientHeight: height } = canvas;
  if (width === 0 || height === 0) return undefined;
  const scale = window.devicePixelRatio;
  canvas.width = Math.round(width * scale);
  canvas.height = Math.round(height * scale);
  const context = canvas.getContext('2d')!;
  context.scale(canvas.width / width, canvas.height / height);
  context.font = '12px system-ui, sans-serif';
  return { context, width, height };
}

/** The colours of the style sheet that canvases need, on a light page and on a dark one. */
const INK = { ink: ['#222', '#e4e4e7'], soft: ['#55555c', '#b4b4bd'], line: ['#d4d4d8', '#3f3f46'] } as const;

/** A colour of the style sheet as the visitor sees it. */
export function ink(name: keyof typeof INK): string {
  return INK[name][isDark() ? 1 : 0];
}

/** Whether the visitor sees a dark page. */
export function isDark(): boolean {
  return window.matchMedia('(prefers-color-scheme: dark)').matches;
}

/** A picture with one pixel per value, to be drawn larger; the values being shares in [0, 1], by rows from the top. */
export function paintShares(shares: ArrayLike<number>, columns: number, colour = viridis): HTMLCanvasElement {
  const picture = document.createElement('canvas');
  picture.width = columns;
  picture.height = shares.length / columns;
  const pixels = new ImageData(picture.width, picture.height);
  for (let i = 0; i < shares.length; i++) pixels.data.set([...colour(shares[i]!), 255], 4 * i);
  picture.getContext('2d')!.putImageData(pixels, 0, 0);
  return picture;
}

/** Calls back whenever canvases have to be drawn anew: another size, another colour scheme. */
export function onLookChange(redraw: () => void): void {
  new ResizeObserver(redraw).observe(document.body);
  window.matchMedia('(prefers-color-scheme: dark)').addEventListener('change', redraw);
}
