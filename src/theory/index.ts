/**
 * Both theorems of the paper, in exact numbers.
 *
 * @module relu-overconfidence/theory
 */
export { sharpLogitRange } from '../core/softmax';
export type { Samples } from '../regions/readRows';
export { type AlphaScaling, type AlphaScalingOptions, alphaScaling } from './alphaScaling';
export { type AsymptoticConfidence, asymptoticConfidence } from './asymptoticConfidence';
export { type CheckTheorem31Result, checkTheorem31, type IdenticalRows } from './checkTheorem31';
export type { ConfidenceTarget } from './confidenceTarget';
export { type MinimalAlphaOptions, minimalAlpha } from './minimalAlpha';
export type { RbfNetwork } from './rbf/checkRbf';
export { type CheckTheorem32Options, type CheckTheorem32Result, checkTheorem32 } from './rbf/checkTheorem32';
export { evaluateRbf } from './rbf/evaluateRbf';
export { type RbfConfidenceBound, rbfConfidenceBound } from './rbf/rbfConfidenceBound';
export { rbfDistance } from './rbf/rbfDistance';
export { rbfModel, registerRbfLayer } from './rbf/rbfModel';
export { type RbfOptions, type RbfTfjsOptions, rbfNetwork } from './rbf/rbfNetwork';
export { type RbfRadiusOptions, rbfRadius } from './rbf/rbfRadius';
