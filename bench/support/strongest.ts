import * as library from 'relu-overconfidence';

/** `maxConfidenceAttack`, where the library has it. */
export const strongest: library.Attack | undefined = (library as { maxConfidenceAttack?: library.Attack })
  .maxConfidenceAttack;
