export type { Batches, DatasetLike } from '../core/batches';
export type { Bounds, FeatureBounds } from '../core/bounds';
export { checkEnvironment, type Environment, type EnvironmentProblem } from './checkEnvironment';
export { classifier } from './classifier';
export { confidences } from './confidences';
export type { DataLike, TfjsData } from './labelledData';
export { logOdds } from './logOdds';
export { predictions } from './predictions';
export type { Inputs, ReadOptions } from './readLogits';
export type {
  Classifier,
  ClassifierOptions,
  Inference,
  LabelledData,
  LogitsFunction,
  LogitsOptions,
  ModelLike,
} from './types';
