import * as tf from '@tensorflow/tfjs-core';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { rowSum, termByTerm } from '../../src/noise/lowPass';
import { expectNoLeak } from '../support/expectNoLeak';
import { onBackend } from '../support/onBackend';

/** The sums in float32, one addition after the other. */
function oracle(table: readonly (readonly number[])[], rows: readonly number[], terms: number): number[] {
  const sums: number[] = [];
  for (let i = 0; i < rows.length; i += terms)
    for (let c = 0; c < table[0]!.length; c++) {
      let sum = table[rows[i]!]![c]!;
      for (let t = 1; t < terms; t++) sum = Math.fround(sum + table[rows[i + t]!]![c]!);
      sums.push(sum);
    }
  return sums;
}

describe('rowSum', () => {
  test('adds the named rows in the named order, rounding to float32 each time, with one kernel or term by term', async () => {
    const value = fc.double({ min: 0.001, max: 1000, noNaN: true }).map(Math.fround);
    const tables = fc
      .tuple(fc.integer({ min: 1, max: 6 }), fc.integer({ min: 1, max: 9 }))
      .chain(([rows, columns]) =>
        fc.array(fc.array(value, { minLength: columns, maxLength: columns }), { minLength: rows, maxLength: rows }),
      );
    const sizes = fc.record({ terms: fc.integer({ min: 1, max: 15 }), out: fc.integer({ min: 1, max: 5 }) });
    await fc.assert(
      fc.asyncProperty(tables, sizes, fc.infiniteStream(fc.nat()), async (table, { terms, out }, stream) => {
        const rows = Array.from({ length: terms * out }, () => stream.next().value % table.length);
        const expected = oracle(table, rows, terms);
        for (const make of [rowSum, termByTerm])
          for (const backend of ['cpu', 'wasm'] as const) {
            const got = await onBackend(backend, () =>
              expectNoLeak(async () => {
                const sums = tf.tidy(() =>
                  make(Int32Array.from(rows), terms)(tf.tensor2d(table.map((row) => [...row]))),
                );
                const read = Array.from(await sums.data());
                sums.dispose();
                return read;
              }),
            );
            expect(got).toEqual(expected);
          }
      }),
      { numRuns: 40 },
    );
  });
});
