export { activationPattern } from './activationPattern';
export { type AffineMap, affineMap } from './affineMap';
export { distanceToBoundary, type NormOptions } from './distanceToBoundary';
export { evaluate } from './evaluate';
export { type Ball, inscribedBall } from './inscribedBall';
export { type ContainsOptions, type HalfSpaceOrigin, type LinearRegion, linearRegion } from './linearRegion';
export { type RayOptions, type RayPiece, rayPieces } from './rayPieces';
export type { Norm } from './region/norms';
export { toPiecewiseAffine } from './toPiecewiseAffine';
export { traceRay } from './traceRay';
export type {
  AffineGraphNode,
  AffineNode,
  Changes,
  KinkNode,
  LinearMap,
  MaxNode,
  NodeBase,
  Pattern,
  PiecewiseAffine,
  SumNode,
  SwitchNode,
} from './types';
