export { activationPattern } from './activationPattern';
export { type AffineMap, affineMap } from './affineMap';
export { clipRegion } from './clipRegion';
export { countRegions } from './countRegions';
export { decisionBoundary } from './decisionBoundary';
export { distanceToBoundary, type NormOptions } from './distanceToBoundary';
export { evaluate } from './evaluate';
export { inputPlane } from './inputPlane';
export { type Ball, inscribedBall } from './inscribedBall';
export { type ContainsOptions, type HalfSpaceOrigin, type LinearRegion, linearRegion } from './linearRegion';
export { planeThrough } from './planeThrough';
export { pointOnPlane } from './pointOnPlane';
export { type RayOptions, type RayPiece, rayPieces } from './rayPieces';
export type { Norm } from './region/norms';
export { sliceRegions } from './sliceRegions';
export type { BoundaryPiece, Box2d, DirectionLimit, Plane2d, Region2d, RegionList, SliceOptions } from './sliceTypes';
export { toPiecewiseAffine } from './toPiecewiseAffine';
export { traceRay } from './traceRay';
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
