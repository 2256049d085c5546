import type { Region2d } from 'relu-overconfidence/regions';
import { classStyle } from '../../../src/report/palette';
import { ink, openSheet, type Sheet } from '../canvas';
import { moons } from './trainee';
import { ticksOf, tickWords, type View } from './view';

/** A picture of confidence, and the part of the plane that it shows. */
export interface Picture {
  readonly image: HTMLCanvasElement;
  readonly view: View;
}

/** Everything that a map shows. */
export interface MapContent {
  readonly view: View;
  /** The last one on top. */
  readonly pictures: readonly Picture[];
  /** Edges of linear regions, see {@link edgesOf}. */
  readonly edges: Path2D | undefined;
  readonly withPoints: boolean;
  /** Direction of the ray from (0, 0), in radians. */
  readonly angle: number;
}

const EDGES = [
  { colour: 'rgb(255 255 255 / 12%)', width: 1.4 },
  { colour: 'rgb(0 0 0 / 14%)', width: 0.6 },
] as const;
const MARGIN = { left: 38, bottom: 38, top: 8, right: 8 } as const;

/** Places in the plane as places on the sheet, and back. */
interface Frame {
  readonly side: number;
  across(x: number): number;
  down(y: number): number;
}

function frameOf({ width, height }: Pick<Sheet, 'width' | 'height'>, { x, y }: View): Frame {
  const side = Math.min(width - MARGIN.left - MARGIN.right, height - MARGIN.top - MARGIN.bottom);
  return {
    side,
    across: (value) => MARGIN.left + ((value - x[0]) / (x[1] - x[0])) * side,
    down: (value) => MARGIN.top + ((y[1] - value) / (y[1] - y[0])) * side,
  };
}

/** The point of the plane under a point of a map's canvas, both in CSS pixels. */
export function pointUnder(canvas: HTMLCanvasElement, view: View, left: number, top: number) {
  const { side } = frameOf({ width: canvas.clientWidth, height: canvas.clientHeight }, view);
  const [x, y] = [view.x, view.y];
  return {
    x: x[0] + ((left - MARGIN.left) / side) * (x[1] - x[0]),
    y: y[1] - ((top - MARGIN.top) / side) * (y[1] - y[0]),
  };
}

/** Draws a map with axes: confidence as colour, edges of linear regions, the training points and the ray. */
export function drawMap(canvas: HTMLCanvasElement, content: MapContent): void {
  const sheet = openSheet(canvas);
  if (sheet === undefined) return;
  const { context } = sheet;
  const frame = frameOf(sheet, content.view);
  context.save();
  context.beginPath();
  context.rect(MARGIN.left, MARGIN.top, frame.side, frame.side);
  context.fillStyle = ink('line');
  context.fill();
  context.clip();
  for (const picture of content.pictures) drawPicture(context, frame, picture);
  if (content.edges !== undefined) drawEdges(context, frame, content.edges);
  if (content.withPoints) drawPoints(context, frame, content.view);
  drawRay(context, frame, content.angle);
  context.restore();
  drawAxes(context, frame, content.view);
}

function drawPicture(context: CanvasRenderingContext2D, frame: Frame, picture: Picture): void {
  const { x, y } = picture.view;
  const [left, top] = [frame.across(x[0]), frame.down(y[1])];
  context.imageSmoothingQuality = 'high';
  context.drawImage(picture.image, left, top, frame.across(x[1]) - left, frame.down(y[0]) - top);
}

/** The edges of bounded regions as a path in the coordinates of the plane. */
export function edgesOf(regions: readonly Region2d[]): Path2D {
  const edges = new Path2D();
  for (const { vertices } of regions) {
    for (let i = 0; i < vertices.length; i += 2) {
      if (i === 0) edges.moveTo(vertices[i]!, vertices[i + 1]!);
      else edges.lineTo(vertices[i]!, vertices[i + 1]!);
    }
    edges.closePath();
  }
  return edges;
}

function drawEdges(context: CanvasRenderingContext2D, { across, down }: Frame, edges: Path2D): void {
  const placed = new Path2D();
  const [left, bottom] = [across(0), down(0)];
  placed.addPath(edges, new DOMMatrix([across(1) - left, 0, 0, down(1) - bottom, left, bottom]));
  // Dark lines can be seen on the light colours, and light lines on the dark ones.
  for (const { colour, width } of EDGES) {
    context.strokeStyle = colour;
    context.lineWidth = width;
    context.stroke(placed);
  }
}

function drawPoints(context: CanvasRenderingContext2D, frame: Frame, view: View): void {
  const radius = Math.max(0.9, Math.min(2.6, 2.6 / Math.sqrt(view.x[1] - view.x[0])));
  context.lineWidth = 0.35 * radius;
  for (const [i, label] of moons.y.entries()) {
    const { fill, outline } = classStyle(label);
    context.beginPath();
    context.arc(frame.across(moons.x[2 * i]!), frame.down(moons.x[2 * i + 1]!), radius, 0, 2 * Math.PI);
    context.fillStyle = fill;
    context.fill();
    context.strokeStyle = outline;
    context.stroke();
  }
}

function drawRay(context: CanvasRenderingContext2D, frame: Frame, angle: number): void {
  const far = 100;
  const [fromX, fromY] = [frame.across(0), frame.down(0)];
  const [toX, toY] = [frame.across(far * Math.cos(angle)), frame.down(far * Math.sin(angle))];
  context.lineCap = 'round';
  for (const [colour, width] of [
    ['#000', 4.5],
    ['#fff', 2.5],
  ] as const) {
    context.strokeStyle = colour;
    context.fillStyle = colour;
    context.lineWidth = width;
    context.beginPath();
    context.moveTo(fromX, fromY);
    context.lineTo(toX, toY);
    context.stroke();
    context.beginPath();
    context.arc(fromX, fromY, width + 1.5, 0, 2 * Math.PI);
    context.fill();
  }
}

function drawAxes(context: CanvasRenderingContext2D, frame: Frame, view: View): void {
  const bottom = MARGIN.top + frame.side;
  context.strokeStyle = ink('soft');
  context.lineWidth = 1;
  context.strokeRect(MARGIN.left, MARGIN.top, frame.side, frame.side);
  context.fillStyle = ink('ink');
  context.beginPath();
  for (const tick of ticksOf(view.x)) {
    const x = frame.across(tick);
    context.moveTo(x, bottom);
    context.lineTo(x, bottom + 4);
    context.textAlign = 'center';
    context.fillText(tickWords(tick), x, bottom + 17);
  }
  for (const tick of ticksOf(view.y)) {
    const y = frame.down(tick);
    context.moveTo(MARGIN.left, y);
    context.lineTo(MARGIN.left - 4, y);
    context.textAlign = 'right';
    context.fillText(tickWords(tick), MARGIN.left - 7, y + 4);
  }
  context.stroke();
  context.font = 'italic 13px system-ui, sans-serif';
  context.textAlign = 'center';
  context.fillText('x₁', MARGIN.left + frame.side / 2, bottom + 33);
  context.fillText('x₂', 9, MARGIN.top + frame.side / 2 + 4);
}
