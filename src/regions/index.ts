/**
 * A ReLU network as the exact piecewise affine function that it is.
 *
 * @module relu-overconfidence/regions
 */
export { activationPattern } from './activationPattern';
export { type AffineMap, affineMap } from './affineMap';
export { clipRegion } from './clipRegion';
export { decisionBoundary } from './decisionBoundary';
export { distanceToBoundary, type NormOptions } from './distanceToBoundary';
export { evaluate } from './evaluate';
export { type Ball, inscribedBall } from './inscribedBall';
export { type ContainsOptions, type HalfSpaceOrigin, type LinearRegion, linearRegion } from './linearRegion';
export { inputPlane, planeThrough, pointOnPlane } from './planes';
export { type RayOptions, type RayPiece, rayPieces, traceRay } from './rayPieces';
export type { Norm } from './region/halfSpaces';
export { countRegions, sliceRegions } from './sliceRegions';
export type { BoundaryPiece, Box2d, DirectionLimit, Plane2d, Region2d, RegionList, SliceOptions } from './sliceTypes';
export { type ReadOptions, toPiecewiseAffine } from './toPiecewiseAffine';
export type {
  AffineGraphNode,
  AffineNode,
  Axis,
  Changes,
  Convolution,
  KinkNode,
  LinearMap,
  MaxNode,
  NodeBase,
  Pattern,
  PiecewiseAffine,
  SumNode,
  SwitchNode,
} from './types';
