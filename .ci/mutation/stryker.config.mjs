/**
 * Mutation testing with StrykerJS: the code of one area is changed in one place after the other, and its tests are run against
 * each change. A change that no test notices is a survivor. `npm run mutate -- AREA`; see README.md beside this file.
 */
import { areas } from './areas.mjs';
import { excludedMutations } from './draw.mjs';

const area = process.env.MUTATED;
const plugins = ['@stryker-mutator/vitest-runner'];

/** Every mutant; what was tested before is not tested again while code and tests stay the same. */
const all = {
  plugins,
  reporters: ['clear-text', 'json', 'progress-append-only'],
  clearTextReporter: { allowColor: false, logTests: false, reportTests: false },
  jsonReporter: { fileName: `.cache/mutation/${area}.json` },
  incremental: true,
  incrementalFile: `.cache/mutation/${area}-incremental.json`,
};

const sample = {
  plugins: [...plugins, './.ci/mutation/drawn.mjs'],
  checkers: ['drawn'],
  reporters: ['drawn', 'json'],
  jsonReporter: { fileName: `.cache/mutation/${area}-sample.json` },
};

export default {
  testRunner: 'vitest',
  vitest: { configFile: '.ci/mutation/vitest.config.ts' },
  mutate: areas[area].src.flatMap((path) => [`src/${path}/**/*.ts`, `src/${path}.ts`, `!src/${path}/**/index.ts`]),
  mutator: { excludedMutations },
  ignoreStatic: areas[area].ignoreStatic ?? false,
  ...(process.env.MUTANTS_DRAWN === undefined ? all : sample),
  tempDirName: '.cache/stryker',
  ignorePatterns: ['dist', 'docs', 'examples', 'bench', '.cache'],
  concurrency: Number(process.env.MUTATION_WORKERS ?? 2),
  // Generous, so that a busy machine is not taken for code that never ends.
  timeoutMS: 60_000,
  timeoutFactor: 4,
};
