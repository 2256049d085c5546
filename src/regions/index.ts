export { activationPattern } from './activationPattern';
export { evaluate } from './evaluate';
export { type RayOptions, type RayPiece, rayPieces } from './rayPieces';
export { toPiecewiseAffine } from './toPiecewiseAffine';
export { traceRay } from './traceRay';
export type {
  AffineGraphNode,
  AffineNode,
  Changes,
  KinkNode,
  LinearMap,
  MaxNode,
  Pattern,
  PiecewiseAffine,
  SumNode,
  SwitchNode,
} from './types';
