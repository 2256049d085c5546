/**
 * Classifiers that are provably unsure far away, and certified bounds on confidence.
 *
 * @module relu-overconfidence/guarantees
 */
export type { Norm } from './bounds/ball';
export { type CertifyOptions, certifiedMaxConfidence, type SearchedBounds } from './bounds/certifiedMaxConfidence';
export type { BoundMethod } from './bounds/confidenceOverBox';
export type { Arithmetic, Interval } from './bounds/interval';
export { intervalBounds } from './bounds/intervalBounds';
export { type Ccu, type CcuData, type CcuOptions, ccu } from './ccu/ccu';
export type { CcuClassifier } from './ccu/ccuClassifier';
export type { SavedCcu, SavedMixture } from './ccu/saved';
export {
  type ReluGpResidual,
  type ReluGpResidualOptions,
  reluGpResidual,
  type SavedReluGpResidual,
} from './gp/reluGpResidual';
export type { GrowthOptions } from './growth/logitGrowth';
export type { ConfidenceLimit } from './laplace/lastLayerLaplace';
export {
  type LastLayerLaplace,
  type LastLayerLaplaceOptions,
  lastLayerLaplace,
  type SavedLastLayerLaplace,
} from './laplace/lastLayerLaplace';
export type { PassOptions } from './laplace/posterior';
export type { JointClassifier, LinfBoundOptions } from './prood/jointClassifier';
export {
  type JointDiscriminator,
  type JointDiscriminatorOptions,
  jointDiscriminator,
  type SavedJointDiscriminator,
  type SavedNetwork,
} from './prood/jointDiscriminator';
export type { DiscriminatorTraining } from './prood/trainDiscriminator';
export {
  type RadialTemperature,
  type RadialTemperatureOptions,
  radialTemperature,
  type SavedRadialTemperature,
} from './radial/radialTemperature';
export { type RestoredGuarantee, restoreGuarantee, type SavedGuarantee } from './restoreGuarantee';
export { type ConfidenceSandwich, confidenceSandwich, type SandwichOptions } from './sandwich/confidenceSandwich';
export type { GuaranteedClassifier } from './types';
export type { CalibrationOptions, CoolingOptions } from './wrapper/fitCooled';
export type { NamedInputs, OutInputs, TrainingInputs } from './wrapper/inputs';
export type { InputOptions, SavedInputs } from './wrapper/wrappedNet';
