/**
 * Mutation testing with StrykerJS: the code of one area is changed in one place after the other, and its tests are run against
 * each change. A change that no test notices is a survivor. `npm run mutate -- AREA`; see README.md beside this file.
 */
import { areas } from './areas.mjs';

const area = process.env.MUTATED;

export default {
  testRunner: 'vitest',
  vitest: { configFile: '.ci/mutation/vitest.config.ts' },
  plugins: ['@stryker-mutator/vitest-runner'],
  mutate: areas[area].src.flatMap((path) => [`src/${path}/**/*.ts`, `src/${path}.ts`, `!src/${path}/**/index.ts`]),
  // Words are for people: tests hold to the code, the function and the argument of an error.
  mutator: { excludedMutations: ['StringLiteral', 'ObjectLiteral'] },
  reporters: ['clear-text', 'json', 'progress-append-only'],
  clearTextReporter: { allowColor: false, logTests: false, reportTests: false },
  jsonReporter: { fileName: `.cache/mutation/${area}.json` },
  incremental: true,
  incrementalFile: `.cache/mutation/${area}-incremental.json`,
  tempDirName: '.cache/stryker',
  ignorePatterns: ['dist', 'docs', 'examples', 'bench', '.cache'],
  concurrency: Number(process.env.MUTATION_WORKERS ?? 2),
  timeoutMS: 5000,
  timeoutFactor: 2,
};
