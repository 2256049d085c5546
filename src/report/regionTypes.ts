import type { LabelledPoints, MapBox } from './mapTypes';
import type { PlotLook } from './plotLook';

/** What a `regionMap` shows, and how. */
export interface RegionMapOptions extends PlotLook {
  /** Part of the plane to show. @defaultValue { x: [0, 1], y: [0, 1] } */
  readonly box?: MapBox;
  /**
   * What the colours mean: `'confidence'`, the softmax confidence at every point, from 1/K (dark blue) to 1 (yellow); or
   * `'infinity'`, in unbounded regions the class of the confidence at infinity, in the others nothing.
   * @defaultValue 'confidence'
   */
  readonly colour?: 'confidence' | 'infinity';
  /** Whether to draw the edges between regions. @defaultValue true */
  readonly edges?: boolean;
  /** Whether to draw the decision boundary. @defaultValue true */
  readonly boundary?: boolean;
  /** Points to draw on top, with their classes. */
  readonly points?: LabelledPoints;
}
