export { apgdLinf } from './apgdLinf';
export type { AttackReach } from './attackDefaults';
export { maxConfidenceAttack } from './maxConfidenceAttack';
export { pgdL2 } from './pgdL2';
export { pgdLinf } from './pgdLinf';
export { projectBox } from './projectBox';
export { projectL2 } from './projectL2';
export { projectLinf } from './projectLinf';
export type { Attack, AttackOptions, AttackResult, AttackStep, BatchRows, Objective, PgdOptions } from './types';
