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
