export type { GuaranteedClassifier } from './types';
