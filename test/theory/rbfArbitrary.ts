import fc from 'fast-check';
import type { RbfNetwork } from '../../src/theory';

/** Small RBF networks of every kind: 1 to 3 inputs, 2 to 5 classes, 1 to 6 centres. */
export const anyRbf: fc.Arbitrary<RbfNetwork> = fc
  .record({
    inputSize: fc.integer({ min: 1, max: 3 }),
    classes: fc.integer({ min: 2, max: 5 }),
    count: fc.integer({ min: 1, max: 6 }),
    gamma: fc.double({ min: 0.1, max: 10, noNaN: true }),
  })
  .chain(({ inputSize, classes, count, gamma }) => {
    const numbers = (length: number, most: number) =>
      fc
        .array(fc.double({ min: -most, max: most, noNaN: true }), { minLength: length, maxLength: length })
        .map((values) => Float64Array.from(values));
    return fc.record({
      inputShape: fc.constant([inputSize]),
      inputSize: fc.constant(inputSize),
      classes: fc.constant(classes),
      gamma: fc.constant(gamma),
      centres: numbers(count * inputSize, 2),
      weights: numbers(classes * count, 20),
    });
  });
