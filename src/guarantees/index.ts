export {
  type ReluGpResidual,
  type ReluGpResidualOptions,
  reluGpResidual,
  type SavedReluGpResidual,
} from './gp/reluGpResidual';
export type { GrowthOptions } from './growth/growthOf';
export type { PassOptions } from './laplace/gaussNewton';
export {
  type LastLayerLaplace,
  type LastLayerLaplaceOptions,
  lastLayerLaplace,
  type SavedLastLayerLaplace,
} from './laplace/lastLayerLaplace';
export type { ConfidenceLimit } from './laplace/limitAlong';
export {
  type RadialTemperature,
  type RadialTemperatureOptions,
  radialTemperature,
  type SavedRadialTemperature,
} from './radial/radialTemperature';
export { type RestoredGuarantee, restoreGuarantee, type SavedGuarantee } from './restoreGuarantee';
export type { GuaranteedClassifier } from './types';
export type { CalibrationOptions } from './wrapper/calibrate';
export type { InputOptions, SavedInputs } from './wrapper/wrappedNet';
