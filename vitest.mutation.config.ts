import { defineConfig } from 'vitest/config';

/** The tests of the rooms that `npm run mutate` is at work on (see stryker.config.mjs), in one process. */
const rooms = (process.env.MUTATE ?? 'metrics').split(',');

export default defineConfig({
  test: {
    setupFiles: ['test/support/setup.ts'],
    include: rooms.map((room) => `test/${room}/**/*.test.ts`),
    testTimeout: 60_000,
    isolate: false,
    maxWorkers: 1,
  },
});
