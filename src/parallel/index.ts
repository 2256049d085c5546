/**
 * The same steps, attacks and evaluations on several workers.
 *
 * @module relu-overconfidence/parallel
 */
export { createTrainingPool } from './createTrainingPool';
export type { NodeWorker, PoolBackend, Stoppable, TrainingPool, TrainingPoolOptions, WebWorker } from './types';
