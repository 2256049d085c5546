export { acetGradients, acetStep } from './acetStep';
export { cedaGradients, cedaStep } from './cedaStep';
export { type CheckpointStore, fileCheckpoint } from './fileCheckpoint';
export { fineTune } from './fineTune/fineTune';
export type {
  FineTuneMeasurement,
  FineTuneOptions,
  FineTuneOutcome,
  FineTuneRecord,
  FineTuneResult,
} from './fineTune/types';
export { fit } from './fit';
export type { Augmentation, EpochRecord, FitMethod, FitOptions, History, Method, ValidationRecord } from './fitTypes';
export { goodGradients, goodStep } from './good/goodStep';
export { paperSchedule, type Schedule } from './paperSchedule';
export { plainGradients, plainStep } from './plainStep';
export { type RandomCropOptions, randomCrop } from './randomCrop';
export { randomMirror } from './randomMirror';
export type { AcetOptions, CedaOptions, GoodOptions, GradientsResult, PlainOptions, StepResult } from './types';
