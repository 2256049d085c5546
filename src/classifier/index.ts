export { checkEnvironment, type Environment, type EnvironmentProblem } from './checkEnvironment';
export { type ClassifierOptions, classifier } from './classifier';
export { confidences } from './confidences';
export { logOdds } from './logOdds';
export { predictions } from './predictions';
export type { ReadOptions } from './readLogits';
export type { Classifier, LabelledData, LogitsFunction, LogitsOptions, ModelLike } from './types';
