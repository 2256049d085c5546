export { type AuprMethod, type AuprOptions, aupr } from './aupr';
export { auroc } from './auroc';
export { type AurocBounds, aurocBounds } from './aurocBounds';
export type { ScoreInterval } from './aurocInterval';
export {
  type BootstrapInterval,
  type BootstrapOptions,
  bootstrapInterval,
  type ScoreMetric,
} from './bootstrapInterval';
export {
  type ConfidenceHistogram,
  type ConfidenceHistogramOptions,
  confidenceHistogram,
} from './confidenceHistogram';
export { type CalibrationOptions, expectedCalibrationError } from './expectedCalibrationError';
export { type FprConvention, type FprOptions, fprAtTpr } from './fprAtTpr';
export { guaranteedAuroc } from './guaranteedAuroc';
export { meanMaxConfidence } from './meanMaxConfidence';
export { type RocCurve, rocCurve } from './rocCurve';
export type { PositiveClass } from './sortedCopy';
export { thresholdAtTpr } from './thresholdAtTpr';
