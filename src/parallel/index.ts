export { createTrainingPool } from './createTrainingPool';
export type { NodeWorker, PoolBackend, Stoppable, TrainingPool, TrainingPoolOptions, WebWorker } from './types';
