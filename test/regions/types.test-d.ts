import type * as tf from '@tensorflow/tfjs-core';
import { expectTypeOf, test } from 'vitest';
import {
  type AffineMap,
  activationPattern,
  affineMap,
  type Ball,
  type BoundaryPiece,
  clipRegion,
  countRegions,
  decisionBoundary,
  distanceToBoundary,
  evaluate,
  inscribedBall,
  type LinearRegion,
  linearRegion,
  type Pattern,
  type PiecewiseAffine,
  type Plane2d,
  planeThrough,
  pointOnPlane,
  type RayPiece,
  type RegionList,
  rayPieces,
  sliceRegions,
  toPiecewiseAffine,
  traceRay,
} from '../../src/regions/index';

test('what the functions of relu-overconfidence/regions return', () => {
  expectTypeOf(activationPattern).returns.toEqualTypeOf<Pattern>();
  expectTypeOf(affineMap).returns.toEqualTypeOf<AffineMap>();
  expectTypeOf(clipRegion).returns.toEqualTypeOf<Float64Array>();
  expectTypeOf(evaluate).returns.toEqualTypeOf<Float64Array>();
  expectTypeOf(pointOnPlane).returns.toEqualTypeOf<Float64Array>();
  expectTypeOf(countRegions).returns.toEqualTypeOf<number>();
  expectTypeOf(distanceToBoundary).returns.toEqualTypeOf<number>();
  expectTypeOf(decisionBoundary).returns.toEqualTypeOf<BoundaryPiece[]>();
  expectTypeOf(inscribedBall).returns.toEqualTypeOf<Ball>();
  expectTypeOf(linearRegion).returns.toEqualTypeOf<LinearRegion>();
  expectTypeOf(planeThrough).returns.toEqualTypeOf<Plane2d>();
  expectTypeOf(rayPieces).returns.toEqualTypeOf<Generator<RayPiece, void, undefined>>();
  expectTypeOf(sliceRegions).returns.toEqualTypeOf<RegionList>();
  expectTypeOf(toPiecewiseAffine).returns.toEqualTypeOf<PiecewiseAffine>();
  expectTypeOf(traceRay).returns.toEqualTypeOf<RayPiece[]>();
});

test('points are arrays of numbers, not tensors', () => {
  expectTypeOf(evaluate).toBeCallableWith(null! as PiecewiseAffine, [1, 2]);
  expectTypeOf<tf.Tensor>().not.toExtend<Parameters<typeof evaluate>[1]>();
});
