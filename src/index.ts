/**
 * Classifiers, noise, losses, attacks, training, metrics and evaluation.
 *
 * @module relu-overconfidence
 */
export * from './attacks/index';
export * from './classifier/index';
export { type ErrorCode, type ErrorDetails, OverconfidenceError } from './core/errors';
export type { Progress, ProgressOptions } from './core/progress';
export type { RandomOptions } from './core/resolveRng';
export { createRng, type Rng, type RngState } from './core/rng';
export * from './evaluation/index';
export * from './losses/index';
export * from './metrics/index';
export * from './noise/index';
export * from './training/index';
