export { evaluateOod } from './evaluateOod';
export { formatOodReport } from './formatOodReport';
export type { OodAttackSettings, OodDetector, OodGuarantee } from './oodAttacks';
export type { AdversarialNoiseSettings, OodOptions } from './oodOptions';
export type {
  OodColumn,
  OodDetectorColumn,
  OodProtocol,
  OodReport,
  OodRow,
  OodRowKind,
  OodRowStatus,
  OodScores,
  UsedAttack,
  UsedSettings,
} from './oodReport';
export { type RejectingClassifier, withRejection } from './withRejection';
