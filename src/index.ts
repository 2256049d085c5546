export { type ErrorCode, type ErrorDetails, OverconfidenceError } from './core/errors';
export { createRng, type Rng } from './core/rng';
