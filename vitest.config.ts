import { defineConfig } from 'vitest/config';

/**
 * Rooms whose tests leave nothing behind in tfjs but what they dispose of, so that one process may run several files of them
 * after another: loading tfjs anew for each takes longer than most of them run.
 */
const tidyRooms = [
  'attacks',
  'classifier',
  'core',
  'detectors',
  'evaluation',
  'guarantees',
  'losses',
  'metrics',
  'models',
  'noise',
  'regions',
  'report',
  'testing',
  'theory',
  'training',
];
const tidy = tidyRooms.join('|');

export default defineConfig({
  test: {
    setupFiles: ['test/support/setup.ts'],
    testTimeout: 60_000,
    hookTimeout: 60_000,
    maxWorkers: 2,
    coverage: { include: ['src/**/*.ts'], reporter: ['text-summary', 'html'] },
    projects: [
      { extends: true, test: { name: 'tidy', include: [`test/(${tidy})/**/*.test.ts`], isolate: false } },
      {
        extends: true,
        test: {
          name: 'isolated',
          // Not by `exclude`, which would take the place of the option --exclude of the command line.
          include: ['test/*.test.ts', `test/!(${tidy})/**/*.test.ts`],
        },
      },
    ],
  },
});
