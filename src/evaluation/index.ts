export { evaluateOod } from './evaluateOod';
export { formatOodReport } from './formatOodReport';
export type { AdversarialNoiseSettings, OodAttackSettings, OodOptions } from './oodOptions';
export type { OodReport, OodRow, OodRowKind, OodRowStatus, OodScores, UsedAttack, UsedSettings } from './oodReport';
export { type PredictionOrUnknown, type RejectingClassifier, withRejection } from './withRejection';
