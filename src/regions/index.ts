export { activationPattern } from './activationPattern';
export { evaluate } from './evaluate';
export { toPiecewiseAffine } from './toPiecewiseAffine';
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
