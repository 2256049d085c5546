import { darkStyle, seriesStyle } from '../../../src/report/palette';
import { ink, isDark, openSheet } from '../canvas';
import type { RayReading } from './ray';
import { tickWords } from './view';

/** A curve and its name. */
export interface RayCurve {
  readonly name: string;
  readonly reading: RayReading;
}

const MARGIN = { left: 52, right: 72, top: 30, bottom: 44 } as const;
const NEAREST = 0.1;
const FARTHEST = 1000;

/** Draws confidences over the distance, on a logarithmic scale, with each limit as a ring at the right edge. */
export function drawRay(canvas: HTMLCanvasElement, curves: readonly RayCurve[]): void {
  const sheet = openSheet(canvas);
  if (sheet === undefined) return;
  const { context } = sheet;
  const width = sheet.width - MARGIN.left - MARGIN.right;
  const height = sheet.height - MARGIN.top - MARGIN.bottom;
  const bottom = MARGIN.top + height;
  const across = (distance: number) =>
    MARGIN.left + (Math.log(distance / NEAREST) / Math.log(FARTHEST / NEAREST)) * width;
  const down = (confidence: number) => bottom - (2 * confidence - 1) * height;
  const right = sheet.width - 30;

  context.lineWidth = 1;
  context.strokeStyle = ink('line');
  context.fillStyle = ink('ink');
  context.beginPath();
  for (const confidence of [0.5, 0.6, 0.7, 0.8, 0.9, 1]) {
    context.moveTo(MARGIN.left, down(confidence));
    context.lineTo(right, down(confidence));
    context.textAlign = 'right';
    context.fillText(`${Math.round(100 * confidence)} %`, MARGIN.left - 8, down(confidence) + 4);
  }
  context.textAlign = 'center';
  for (let distance = NEAREST; distance <= FARTHEST * 1.01; distance *= 10) {
    context.moveTo(across(distance), MARGIN.top);
    context.lineTo(across(distance), bottom);
    context.fillText(tickWords(Number(distance.toPrecision(1))), across(distance), bottom + 17);
  }
  context.stroke();
  context.fillText('limit', right, bottom + 17);
  context.fillText('Distance from (0, 0)', MARGIN.left + width / 2, sheet.height - 8);

  for (const [i, { name, reading }] of curves.entries()) {
    const { colour, dash } = seriesStyle(i);
    const shown = isDark() ? (darkStyle(colour) ?? colour) : colour;
    context.strokeStyle = shown;
    context.lineWidth = 2.5;
    context.setLineDash(dash === 'none' ? [] : dash.split(' ').map(Number));
    context.beginPath();
    for (let step = 0; step <= 300; step++) {
      const distance = NEAREST * (FARTHEST / NEAREST) ** (step / 300);
      context.lineTo(across(distance), down(reading.at(distance)));
    }
    context.stroke();
    // The key, above the axes.
    const key = MARGIN.left + i * Math.min(90, (sheet.width - 60) / curves.length);
    context.beginPath();
    context.moveTo(key, 14);
    context.lineTo(key + 20, 14);
    context.stroke();
    context.setLineDash([]);
    context.textAlign = 'left';
    context.fillText(name, key + 25, 18);
    context.beginPath();
    // Rings of different sizes, because the limits usually are one and the same.
    context.arc(right, down(reading.limit), 4 + 3 * i, 0, 2 * Math.PI);
    context.stroke();
  }
}
