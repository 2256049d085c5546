import { ink, openSheet } from '../canvas';
import { find } from '../ui';
import type { PadPoint, Stroke } from './strokes';

/** The drawing pad. */
export interface Pad {
  clear(): void;
  draw(): void;
}

const LINE = 0.085;

/**
 * Takes the pad of the page into use, for mouse, pen and finger.
 *
 * @param onDraw - Hears all strokes whenever one of them grows.
 */
export function createPad(onDraw: (strokes: readonly Stroke[]) => void): Pad {
  const canvas = find('#pad', HTMLCanvasElement);
  const strokes: PadPoint[][] = [];

  function add({ offsetX, offsetY }: PointerEvent): void {
    strokes.at(-1)!.push({ x: offsetX / canvas.clientWidth, y: offsetY / canvas.clientHeight });
    draw();
    onDraw(strokes);
  }

  function draw(): void {
    const sheet = openSheet(canvas);
    if (sheet === undefined) return;
    const { context, width, height } = sheet;
    context.strokeStyle = ink('ink');
    context.lineWidth = LINE * width;
    context.lineCap = 'round';
    context.lineJoin = 'round';
    for (const [first, ...rest] of strokes) {
      context.beginPath();
      context.moveTo(first!.x * width, first!.y * height);
      for (const { x, y } of [first!, ...rest]) context.lineTo(x * width, y * height);
      context.stroke();
    }
  }

  canvas.addEventListener('pointerdown', (event) => {
    canvas.setPointerCapture(event.pointerId);
    strokes.push([]);
    add(event);
  });
  canvas.addEventListener('pointermove', (event) => {
    if (canvas.hasPointerCapture(event.pointerId)) add(event);
  });
  return {
    clear() {
      strokes.length = 0;
      draw();
    },
    draw,
  };
}
