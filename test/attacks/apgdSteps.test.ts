import * as tf from '@tensorflow/tfjs-core';
import { describe, expect, it } from 'vitest';
import { type ApgdState, beginApgd, lookBack, observe } from '../../src/attacks/apgdLinf';

/** The state of one image with one pixel, from plain numbers. */
function stateOf(numbers: Readonly<Record<string, number>>): ApgdState {
  const state = beginApgd(tf.tensor2d([[0]]), 1);
  for (const [key, value] of Object.entries(numbers)) state[key] = tf.fill(state[key]!.shape, value);
  return state;
}

const number = (tensor: tf.Tensor) => tensor.dataSync()[0];

/** A state in which the objective rose in every step of a period of four, and the best value with it. */
const climbing = {
  x: 0.25,
  old: 0.125,
  gradient: -1,
  value: 3,
  bestX: 0.5,
  bestGradient: 2,
  bestValue: 4,
  stepSize: 1,
  rises: 4,
  bestAtCheck: 3.5,
  halved: 0,
};

describe('lookBack', () => {
  it.each([
    { what: 'goes on while the objective rises in more than 75 % of the steps', change: {}, halved: 0 },
    { what: 'halves where it rose in exactly 75 %', change: { rises: 3 }, halved: 1 },
    { what: 'halves where the best value is that of the last checkpoint', change: { bestAtCheck: 4 }, halved: 1 },
    {
      what: 'does not halve for an unchanged best value when it halved at the last checkpoint',
      change: { bestAtCheck: 4, halved: 1 },
      halved: 0,
    },
  ])('$what', ({ change, halved }) => {
    const before = { ...climbing, ...change };
    const after = lookBack(stateOf(before), 4);
    expect(number(after.halved)).toBe(halved);
    expect(number(after.stepSize)).toBe(halved === 1 ? 0.5 : 1);
    expect(number(after.x)).toBe(halved === 1 ? 0.5 : 0.25);
    expect(number(after.gradient)).toBe(halved === 1 ? 2 : -1);
    expect(number(after.value)).toBe(halved === 1 ? 4 : 3);
    expect(number(after.rises)).toBe(0);
    expect(number(after.bestAtCheck)).toBe(4);
    expect(number(after.old)).toBe(0.125);
  });
});

describe('observe', () => {
  const at = (value: number) => ({
    value: tf.tensor1d([value]),
    gradient: tf.tensor2d([[7]]),
    zero: tf.zeros([1]) as tf.Tensor1D,
    nonFinite: tf.zeros([1]) as tf.Tensor1D,
  });

  it('takes the first value as the best of checkpoint 0, without counting a rise', () => {
    const after = observe(beginApgd(tf.tensor2d([[0.25]]), 1), at(-5), true);
    expect([after.bestValue, after.bestAtCheck, after.rises, after.bestX].map(number)).toEqual([-5, -5, 0, 0.25]);
  });

  it('counts a rise over the previous value, and takes over a new best point with its gradient', () => {
    const rise = observe(stateOf(climbing), at(3.25), false);
    expect([rise.rises, rise.bestValue, rise.bestX, rise.bestAtCheck].map(number)).toEqual([5, 4, 0.5, 3.5]);
    const best = observe(stateOf(climbing), at(6), false);
    expect([best.rises, best.bestValue, best.bestX, best.bestGradient].map(number)).toEqual([5, 6, 0.25, 7]);
    const fall = observe(stateOf(climbing), at(2), false);
    expect([fall.rises, fall.bestValue, fall.value].map(number)).toEqual([4, 4, 2]);
  });
});
