import { MathBackendCPU } from '@tensorflow/tfjs-backend-cpu';
import * as tf from '@tensorflow/tfjs-core';
import { describe, expect, it, vi } from 'vitest';
import {
  checkBounds,
  checkFraction,
  checkFunction,
  checkNonNegative,
  checkOneOf,
  checkPositive,
  checkWhole,
  show,
} from '../../src/core/check';
import { checkBatch, checkFinite, checkInBounds, checkRank } from '../../src/core/checkTensor';
import { type ErrorCode, OverconfidenceError } from '../../src/core/errors';
import { checkLabels } from '../../src/core/labels';
import { once } from '../../src/core/once';
import { nextTask, throwIfAborted } from '../../src/core/pausing';
import { follow, progressClock } from '../../src/core/progress';
import { readNow } from '../../src/core/readNow';

const where = { fn: 'f', argument: 'a' };

/** The code of the refusal, or 'accepted'. */
function verdict(check: () => void): ErrorCode | 'accepted' {
  try {
    check();
    return 'accepted';
  } catch (error) {
    if (!(error instanceof OverconfidenceError)) throw error;
    expect([error.fn, error.argument]).toEqual(['f', 'a']);
    expect(error.fix).not.toBe('');
    expect(error.message).toBe(`f: expected \`a\` to be ${error.expected}, but got ${error.got}. ${error.fix}`);
    return error.code;
  }
}

const INF = Number.POSITIVE_INFINITY;
const strange = [Number.NaN, INF, -INF, '1', undefined, null, {}, [1]] as never[];

describe('checks of numbers', () => {
  it.each([
    ['checkPositive', (v: number) => checkPositive(where, v), [Number.MIN_VALUE, 1, 1e308], [0, -1]],
    ['checkNonNegative', (v: number) => checkNonNegative(where, v), [0, 1e-300, 5], [-Number.MIN_VALUE, -1]],
    ['checkWhole', (v: number) => checkWhole(where, v), [1, 2, 2 ** 53], [0, -1, 1.5]],
    ['checkWhole from 0', (v: number) => checkWhole(where, v, 0), [0, 7], [-1, 0.5]],
    ['checkFraction', (v: number) => checkFraction(where, v), [0, 0.5, 1], [-1e-300, 1 + 1e-15]],
  ] as const)('%s knows its ends, and takes nothing but numbers', (_, check, good, bad) => {
    for (const value of good) expect(verdict(() => check(value))).toBe('accepted');
    for (const value of [...bad, ...strange]) expect(verdict(() => check(value))).toBe('INVALID_OPTION');
  });

  it('checkBounds takes two finite numbers in order', () => {
    const check = (bounds: unknown) => verdict(() => checkBounds(where, bounds as [number, number]));
    for (const bounds of [
      [0, 1],
      [-1e300, 1e300],
      [0, Number.MIN_VALUE],
    ])
      expect(check(bounds)).toBe('accepted');
    for (const bounds of [
      [0, 0],
      [1, 0],
      [0, INF],
      [-INF, 0],
      [Number.NaN, 1],
      [0],
      [0, 1, 2],
      1,
      null,
      undefined,
      '01',
      { 0: 0, 1: 1 },
    ])
      expect(check(bounds)).toBe('INVALID_OPTION');
  });

  it('checkOneOf and checkFunction take what they name and nothing else', () => {
    expect(verdict(() => checkOneOf(where, 'b', ['a', 'b']))).toBe('accepted');
    for (const value of ['c', '', undefined, null, 0])
      expect(verdict(() => checkOneOf(where, value as string, ['a', 'b']))).toBe('INVALID_OPTION');
    expect(() => checkOneOf(where, 'c', ['a', 'b'])).toThrow('one of "a", "b", but got "c"');
    expect(verdict(() => checkFunction(where, () => 1))).toBe('accepted');
    for (const value of [1, null, 'f', {}]) expect(verdict(() => checkFunction(where, value))).toBe('INVALID_ARGUMENT');
  });
});

it('show writes values short, with their type where the text alone would mislead', () => {
  expect(
    [
      'a',
      1,
      Number.NaN,
      null,
      undefined,
      true,
      [1, 'b'],
      [1, 2, 3, 4, 5, 6],
      new Array(7),
      () => 1,
      {},
      new Map(),
      Object.create(null),
    ].map(show),
  ).toEqual([
    '"a"',
    '1',
    'NaN',
    'null',
    'undefined',
    'true',
    '[1, "b"]',
    '[1, 2, 3, 4, 5, 6]',
    'an array of 7',
    'a function',
    'an object (Object)',
    'an object (Map)',
    'an object (no prototype)',
  ]);
});

describe('checks of tensors', () => {
  const of = (check: (x: tf.Tensor) => void, make: () => unknown) =>
    tf.tidy(() => verdict(() => check(make() as tf.Tensor)));

  it('checkRank takes tensors of the ranks named', () => {
    const check = (x: tf.Tensor) => checkRank(where, x, [2, 4]);
    expect(of(check, () => tf.zeros([1, 2]))).toBe('accepted');
    expect(of(check, () => tf.zeros([1, 2, 3, 4]))).toBe('accepted');
    expect(of(check, () => tf.zeros([1, 2, 3]))).toBe('INVALID_SHAPE');
    const disposed = tf.zeros([1, 2]);
    disposed.dispose();
    expect(of(check, () => disposed)).toBe('INVALID_ARGUMENT');
    expect(
      of(
        (x) => checkRank(where, x, 2),
        () => tf.zeros([1, 2]),
      ),
    ).toBe('accepted');
    expect(
      of(
        (x) => checkRank(where, x, 2),
        () => tf.zeros([1]),
      ),
    ).toBe('INVALID_SHAPE');
    for (const other of [[1, 2], null, undefined, { shape: [1, 2], rank: 2 }, 'x'])
      expect(of(check, () => other)).toBe('INVALID_ARGUMENT');
  });

  it('checkBatch takes batches of one input or more of the shape named', () => {
    const check = (x: tf.Tensor) => checkBatch(where, x, [2, 3]);
    expect(of(check, () => tf.zeros([1, 2, 3]))).toBe('accepted');
    expect(of(check, () => tf.zeros([0, 2, 3]))).toBe('EMPTY_INPUT');
    for (const shape of [[2, 3], [1, 3, 2], [1, 2, 3, 1], [1, 2, 4], [6]])
      expect(of(check, () => tf.zeros(shape))).toBe('INVALID_SHAPE');
    for (const dtype of ['int32', 'bool'] as const)
      expect(of(check, () => tf.zeros([1, 2, 3], dtype))).toBe('INVALID_ARGUMENT');
    expect(
      of(
        (x) => checkBatch(where, x, []),
        () => tf.zeros([4]),
      ),
    ).toBe('accepted');
  });

  it('checkFinite refuses NaN and infinities wherever they stand', () => {
    expect(
      of(
        (x) => checkFinite(where, x),
        () => tf.tensor1d([0, -3.4e38, 3.4e38]),
      ),
    ).toBe('accepted');
    for (const bad of [Number.NaN, INF, -INF])
      for (const place of [0, 2])
        expect(
          of(
            (x) => checkFinite(where, x),
            () => tf.tensor1d([1, 1, 1].fill(bad, place, place + 1)),
          ),
        ).toBe('NON_FINITE');
  });

  it('checkInBounds lets pass a millionth of the width or of the larger bound, and no more', () => {
    const check = (bounds: readonly [number, number], value: number) =>
      of(
        (x) => checkInBounds(where, x, bounds),
        () => tf.tensor1d([bounds[0], value, bounds[1]]),
      );
    for (const value of [0, 1, -0.9e-6, 1 + 0.9e-6]) expect(check([0, 1], value)).toBe('accepted');
    for (const value of [-1.2e-6, 1 + 1.3e-6]) expect(check([0, 1], value)).toBe('OUT_OF_BOUNDS');
    expect(check([100, 101], 100 - 0.9e-4)).toBe('accepted');
    expect(check([100, 101], 100 - 1.2e-4)).toBe('OUT_OF_BOUNDS');
    expect(check([-101, -100], -100 + 0.9e-4)).toBe('accepted');
    expect(check([-101, -100], -100 + 1.2e-4)).toBe('OUT_OF_BOUNDS');
    expect(check([-1, 1], 1 + 1.8e-6)).toBe('accepted');
    expect(check([-1, 1], 1 + 2.3e-6)).toBe('OUT_OF_BOUNDS');
    for (const bad of [Number.NaN, INF]) expect(check([0, 1], bad)).toBe('NON_FINITE');
  });
});

it('values on webgpu, which cannot be read at once, are not checked', () => {
  tf.registerBackend('webgpu', () => new MathBackendCPU(), 0);
  const before = tf.getBackend();
  try {
    tf.setBackend('webgpu');
    const bad = tf.tensor1d([Number.NaN, 7]);
    expect(readNow(bad)).toBeUndefined();
    expect(verdict(() => checkFinite(where, bad))).toBe('accepted');
    expect(verdict(() => checkInBounds(where, bad, [0, 1]))).toBe('accepted');
    expect(verdict(() => checkLabels(where, bad, 2))).toBe('accepted');
    bad.dispose();
  } finally {
    tf.setBackend(before);
    tf.removeBackend('webgpu');
  }
});

describe('long work', () => {
  it('is told how far it has come, by the mean pace of what was done in this run', () => {
    const now = vi.spyOn(performance, 'now').mockReturnValueOnce(1000);
    try {
      const clock = progressClock(10, 4);
      now.mockReturnValue(1600);
      expect(clock(6, 'x')).toEqual({ label: 'x', done: 6, total: 10, elapsedMs: 600, remainingMs: 1200 });
      expect(clock(10, 'x').remainingMs).toBe(0);
      expect(clock(4, 'x').remainingMs).toBeNaN();
    } finally {
      now.mockRestore();
    }
  });

  it('ends with ABORTED before it begins and after it has told of a step, the reason being the cause', () => {
    const control = new AbortController();
    const told: number[] = [];
    const tell = follow('f', { signal: control.signal, onProgress: ({ done }) => void told.push(done) }, 3);
    tell(1, '');
    control.abort('enough');
    const abort = expect.objectContaining({ code: 'ABORTED', fn: 'f', argument: 'signal', cause: 'enough' });
    expect(() => tell(2, '')).toThrow(abort);
    expect(told).toEqual([1, 2]);
    expect(() => follow('f', { signal: control.signal }, 3)).toThrow(abort);
    expect(() => throwIfAborted('f', control.signal)).toThrow('an abort (enough)');
    throwIfAborted('f', undefined);
    throwIfAborted('f', new AbortController().signal);
    expect(() => follow('f', { onProgress: 3 as never }, 3)).toThrow('`onProgress` to be a function');
  });

  it('lets timers run where it waits for the next task', async () => {
    let ran = false;
    setTimeout(() => {
      ran = true;
    }, 0);
    await nextTask();
    expect(ran).toBe(true);
  });
});

it('once makes a thing when it is first asked for, also one that is undefined, and never again', () => {
  const make = vi.fn(() => undefined);
  const get = once(make);
  expect(make).not.toHaveBeenCalled();
  expect([get(), get()]).toEqual([undefined, undefined]);
  expect(make).toHaveBeenCalledTimes(1);
});
