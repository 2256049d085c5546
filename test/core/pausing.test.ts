import { describe, expect, it } from 'vitest';
import { atOnce, inTasks, type Pausing } from '../../src/core/pausing';
import { expectRefusal } from '../support/expectRefusal';

/** Pauses as often, with as many milliseconds of work before each pause. */
function* work(pauses: number, ms: number): Pausing<number> {
  for (let n = 0; n < pauses; n++) {
    const end = performance.now() + ms;
    while (performance.now() < end);
    yield;
  }
  return pauses;
}

describe('work that pauses', () => {
  it('has the same result at once and in many tasks', async () => {
    expect(atOnce(work(5, 0))).toBe(5);
    expect(await inTasks('fn', work(5, 0), undefined)).toBe(5);
  });

  it('lets other tasks run in between', async () => {
    let ticks = 0;
    const timer = setInterval(() => ticks++, 0);
    await inTasks('fn', work(20, 10), undefined);
    clearInterval(timer);
    expect(ticks).toBeGreaterThanOrEqual(3);
  });

  it('ends with ABORTED at a pause after the signal', async () => {
    const controller = new AbortController();
    setTimeout(() => controller.abort(), 0);
    let steps = 0;
    const counted = function* (): Pausing<void> {
      for (; steps < 100; steps++) yield* work(1, 40);
    };
    await expectRefusal(() => inTasks('fn', counted(), controller.signal), {
      code: 'ABORTED',
      fn: 'fn',
      argument: 'signal',
    });
    expect(steps).toBeLessThan(5);
  });
});
