import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';
import { areas } from './areas.mjs';

/** The tests of one area in one process. Those of a million numbers are left out: changed code counts its own steps. */
const { tests } = areas[process.env.MUTATED as keyof typeof areas];

export default defineConfig({
  test: {
    root: fileURLToPath(new URL('../..', import.meta.url)),
    setupFiles: ['test/support/setup.ts'],
    include: tests.flatMap((path) => [`test/${path}/**/*.test.ts`, `test/${path}*.test.ts`]),
    testNamePattern:
      /^(?!.*(a million (scores|examples)|thousands of pieces|too large to be worked on|separates the two moons|three and more winners))/,
    testTimeout: 300_000,
    isolate: false,
    maxWorkers: 1,
  },
});
