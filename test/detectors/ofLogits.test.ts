import { describe, expect, test } from 'vitest';
import { energy, generalizedEntropy, maxLogit, maxSoftmax } from '../../src/detectors/index';
import { expectRefusal } from '../support/expectRefusal';

describe('scores of logits', () => {
  test('are their closed forms for two classes', () => {
    const p = 1 / (1 + Math.exp(-2));
    expect(maxSoftmax([3, 1])).toBeCloseTo(p, 14);
    expect(maxLogit([3, 1])).toBe(3);
    expect(energy([3, 1])).toBeCloseTo(3 - Math.log(p), 14);
    expect(generalizedEntropy([3, 1], { gamma: 0.5 })).toBeCloseTo(-2 * Math.sqrt(p * (1 - p)), 14);
  });

  test('divide logits by the temperature, and multiply the energy by it again', () => {
    expect(maxSoftmax([3, 1], { temperature: 4 })).toBeCloseTo(maxSoftmax([0.75, 0.25]), 14);
    expect(energy([3, 1], { temperature: 4 })).toBeCloseTo(4 * energy([0.75, 0.25]), 14);
  });

  test('are finite for logits of any size', () => {
    expect(maxSoftmax([1e300, -1e300])).toBe(1);
    expect(energy([1e300, 1e300])).toBe(1e300);
    expect(generalizedEntropy([1e300, 0])).toBeCloseTo(0, 12);
  });

  test('count the largest probabilities alone where told to', () => {
    const [a, b] = [0.5, 0.3].map((p) => (p * (1 - p)) ** 0.1) as [number, number];
    expect(generalizedEntropy([0.5, 0.3, 0.2].map(Math.log), { largest: 2 })).toBeCloseTo(-a - b, 12);
  });

  test.each([
    ['maxSoftmax', () => maxSoftmax([1]), 'EMPTY_INPUT', 'logits'],
    ['maxLogit', () => maxLogit([1, Number.NaN]), 'NON_FINITE', 'logits'],
    ['energy', () => energy([1, 2], { temperature: 0 }), 'INVALID_OPTION', 'temperature'],
    ['generalizedEntropy', () => generalizedEntropy([1, 2], { gamma: 1 }), 'INVALID_OPTION', 'gamma'],
  ] as const)('%s refuses what it cannot use', async (fn, work, code, argument) => {
    await expectRefusal(work, { code, fn, argument });
  });
});
