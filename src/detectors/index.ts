/**
 * Scores that know where the data are, thresholds with a promise, and classifiers that say "unknown".
 *
 * @module relu-overconfidence/detectors
 */
export { type AttackTarget, attackTarget } from './attackTarget';
export {
  chooseThreshold,
  chooseThresholds,
  conformalPValue,
  type Threshold,
  type ThresholdOptions,
} from './chooseThreshold';
export { type FeatureRows, type Features, features } from './features';
export { fitDetector } from './fitDetector';
export { type FittedUnknown, type FitUnknownOptions, fitUnknown, type TriedDetector } from './fitUnknown';
export type { DetectorKind } from './kinds';
export { type ClassProbability, likeTeachableMachine, type TeachableMachineModel } from './likeTeachableMachine';
export { type OdinOptions, odin } from './odin';
export { restoreDetector } from './restoreDetector';
export { type RestoredUnknown, restoreUnknown, type SavedUnknown } from './restoreUnknown';
export { imageInput, type PixelForm, type PixelSource } from './run/imageInput';
export type { Shrinkage } from './scores/mahalanobis';
export {
  type EntropyOptions,
  energy,
  generalizedEntropy,
  maxLogit,
  maxSoftmax,
  type TemperatureOptions,
} from './scores/ofLogits';
export { type SeenImages, seenImages } from './seenImages';
export { steady } from './steady';
export type { Detector, FitDetectorOptions, Looks, SavedArray, SavedDetector } from './types';
export { type Prediction, type UnknownClassifier, type UnknownOptions, withUnknown } from './withUnknown';
