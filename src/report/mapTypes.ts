import { checkBounds, checkKeys, refuse, show } from '../core/check';
import type { PlotLook } from './plotLook';

/** A rectangle of the plane. */
export interface MapBox {
  /** Left and right end. */
  readonly x: readonly [number, number];
  /** Lower and upper end. */
  readonly y: readonly [number, number];
}

/** Points of the plane with their classes, such as `twoMoons()` gives. */
export interface LabelledPoints {
  /** Coordinates, row-major: point i is `x[2 * i]`, `x[2 * i + 1]`. Points outside the box are not drawn. */
  readonly x: ArrayLike<number>;
  /** Class of each point, a whole number from 0. */
  readonly y: ArrayLike<number>;
}

/** What a `confidenceMap` shows, and how. */
export interface ConfidenceMapOptions extends PlotLook {
  /** Part of the plane to show. @defaultValue { x: [0, 1], y: [0, 1] } */
  readonly box?: MapBox;
  /** Cells across; there are as many down as make them square. @defaultValue 200 */
  readonly resolution?: number;
  /** Number of classes K; the colours run from confidence 1/K to 1. @defaultValue 2 */
  readonly classes?: number;
  /** Points to draw on top, with a legend of their classes; the colours come back after eight classes. */
  readonly points?: LabelledPoints;
}

/** Refuses boxes that are empty or too narrow to draw, and points whose coordinates and classes do not fit. */
export function checkMap(fn: string, box: MapBox, points: LabelledPoints | undefined, classes: number): void {
  checkKeys({ fn, argument: 'box' }, box, { x: true, y: true });
  checkBounds({ fn, argument: 'box.x' }, box.x);
  checkBounds({ fn, argument: 'box.y' }, box.y);
  const aspect = (box.y[1] - box.y[0]) / (box.x[1] - box.x[0]);
  if (!(aspect >= 0.1 && aspect <= 10))
    refuse(
      { fn, argument: 'box' },
      'INVALID_OPTION',
      'at most ten times as long as wide',
      `a height of ${aspect} times the width`,
      'Show a part of it, or rescale one axis.',
    );
  if (points === undefined) return;
  checkKeys({ fn, argument: 'points' }, points, { x: true, y: true });
  checkPoints(fn, points, classes);
}

function checkPoints(fn: string, { x, y }: LabelledPoints, classes: number): void {
  if (x.length !== 2 * y.length)
    refuse(
      { fn, argument: 'points' },
      'INVALID_SHAPE',
      'two coordinates in x for each class in y',
      `${x.length} coordinates and ${y.length} classes`,
      'Pass what twoMoons() returns, or interleave the coordinates.',
    );
  for (let i = 0; i < x.length; i++)
    if (!Number.isFinite(x[i]))
      refuse({ fn, argument: 'points' }, 'NON_FINITE', 'finite everywhere', show(x[i]), `Look at x[${i}].`);
  for (let i = 0; i < y.length; i++)
    if (!Number.isInteger(y[i]) || y[i]! < 0 || y[i]! >= classes)
      refuse(
        { fn, argument: 'points' },
        'INVALID_LABELS',
        `of classes 0 to ${classes - 1}`,
        `${show(y[i])} at y[${i}]`,
        'Tell the number of classes with `classes`.',
      );
}
