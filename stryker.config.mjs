/**
 * Mutation testing: `MUTATE=metrics,losses npm run mutate` changes the code of these rooms piece by piece and runs their tests
 * against every change; a change that no test notices is a survivor.
 */
const rooms = (process.env.MUTATE ?? 'metrics').split(',');

export default {
  testRunner: 'vitest',
  vitest: { configFile: 'vitest.mutation.config.ts' },
  plugins: ['@stryker-mutator/vitest-runner'],
  mutate: rooms.flatMap((room) => [`src/${room}/**/*.ts`, `!src/${room}/**/index.ts`]),
  // The words of an error are for people; tests hold to its code, function and argument.
  mutator: { excludedMutations: ['StringLiteral', 'ObjectLiteral'] },
  reporters: ['clear-text', 'json', 'progress-append-only'],
  clearTextReporter: { allowColor: false, logTests: false, reportTests: false },
  jsonReporter: { fileName: `.cache/mutation/${rooms.join('-')}.json` },
  tempDirName: '.cache/stryker',
  ignorePatterns: ['dist', 'docs', 'examples', 'bench', '.ci', '.cache'],
  concurrency: Number(process.env.MUTATE_WORKERS ?? 2),
  timeoutMS: 20_000,
  disableTypeChecks: false,
  allowEmpty: false,
};
