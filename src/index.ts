export * from './classifier/index';
export { type ErrorCode, type ErrorDetails, OverconfidenceError } from './core/errors';
export type { Progress } from './core/progress';
export type { RandomOptions } from './core/resolveRng';
export { createRng, type Rng } from './core/rng';
