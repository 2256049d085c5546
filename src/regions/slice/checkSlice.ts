import { checkBounds, checkKeys, checkWhole, type KeysOf, refuse, show, type Where } from '../../core/check';
import { checkVector } from '../checkVector';
import type { Box2d, Plane2d, SliceOptions } from '../sliceTypes';
import type { PiecewiseAffine } from '../types';
import { type Polygon, rectangle, wholePlane } from './polygon';

const KEYS: KeysOf<SliceOptions> = { box: true, maxRegions: true, onProgress: true, signal: true };
const PLANE_KEYS: KeysOf<Plane2d> = { origin: true, u: true, v: true };
const BOX_KEYS: KeysOf<Box2d> = { x: true, y: true };

/** Two steps whose angle has a smaller sine than this span no plane. */
const FLAT = 1e-10;

/** What is to be sliced, checked. */
export interface Slice {
  /** Three rows: origin of the plane, step in s, step in t. */
  readonly vectors: Float64Array;
  readonly whole: Polygon;
  readonly maxRegions: number;
}

/** Refuses planes and options that are none. */
export function checkSlice(fn: string, net: PiecewiseAffine, plane: Plane2d, options: SliceOptions): Slice {
  checkKeys({ fn, argument: 'options' }, options, KEYS);
  const { box, maxRegions = Number.POSITIVE_INFINITY } = options;
  if (plane === null || typeof plane !== 'object')
    refuse(
      { fn, argument: 'plane' },
      'INVALID_ARGUMENT',
      'a plane { origin, u, v }',
      show(plane),
      'Pass `inputPlane`, or make one with planeThrough.',
    );
  checkKeys({ fn, argument: 'plane' }, plane, PLANE_KEYS);
  const rows = (['origin', 'u', 'v'] as const).map((name) =>
    checkVector({ fn, argument: `plane.${name}` }, net, plane[name]),
  );
  checkSpan({ fn, argument: 'plane' }, rows[1]!, rows[2]!);
  if (box) checkRectangle(fn, box);
  if (maxRegions !== Number.POSITIVE_INFINITY) checkWhole({ fn, argument: 'maxRegions' }, maxRegions);
  const vectors = new Float64Array(3 * net.inputSize);
  for (const [i, row] of rows.entries()) vectors.set(row, i * net.inputSize);
  return { vectors, whole: box ? rectangle(box) : wholePlane(), maxRegions };
}

/** Refuses a box that is none. */
export function checkRectangle(fn: string, box: Box2d): void {
  checkKeys({ fn, argument: 'box' }, box, BOX_KEYS);
  checkBounds({ fn, argument: 'box.x' }, box.x);
  checkBounds({ fn, argument: 'box.y' }, box.y);
}

/** Refuses two steps that lie on one line. */
export function checkSpan(where: Where, u: Float64Array, v: Float64Array): void {
  const [lengthU, lengthV] = [length(u), length(v)];
  const along = u.reduce((sum, value, i) => sum + (value / lengthU) * (v[i]! / lengthV), 0);
  const across = length(v.map((value, i) => value / lengthV - (along * u[i]!) / lengthU));
  if (!(across > FLAT))
    refuse(
      where,
      'INVALID_ARGUMENT',
      'two steps in different directions, so that they span a plane',
      lengthU > 0 && lengthV > 0 ? 'steps along one line' : 'a step of length zero',
      'Choose three points that do not lie on one line.',
    );
}

function length(vector: Float64Array): number {
  return Math.sqrt(vector.reduce((sum, value) => sum + value * value, 0));
}
