import { describe, expect, it } from 'vitest';
import { createRng, type Rng } from '../../src/index';
import { expectRefusal } from '../support/expectRefusal';

const draw = (n: number, next: () => number) => Array.from({ length: n }, next);

describe('createRng', () => {
  it('gives the same stream for the same seed and another for another seed', () => {
    const take = (seed: string | number) => {
      const rng = createRng(seed);
      return draw(20, rng.uniform);
    };
    expect(take(0)).toEqual(take(0));
    expect(take(0)).not.toEqual(take(1));
    expect(take(1)).not.toEqual(take('1'));
  });

  it('keeps its stream from version to version', () => {
    const rng = createRng(42);
    expect(draw(3, rng.uniform)).toMatchInlineSnapshot(`
      [
        0.006594717502593994,
        0.31941157579421997,
        0.6891005635261536,
      ]
    `);
    const stream = (next: (rng: Rng) => number | Int32Array) => next(createRng('stream'));
    expect(draw(3, () => rng.integer(2 ** 31))).toMatchInlineSnapshot(`
      [
        1441991115,
        776732774,
        333573754,
      ]
    `);
    expect(stream(({ normal }) => normal())).toMatchInlineSnapshot(`-0.39599507325027533`);
    expect(Array.from(stream(({ permutation }) => permutation(6)) as Int32Array)).toMatchInlineSnapshot(`
      [
        3,
        2,
        4,
        1,
        0,
        5,
      ]
    `);
    expect(createRng(0).fork('a').uniform()).toMatchInlineSnapshot(`0.8080093860626221`);
    expect(createRng('').uniform()).toMatchInlineSnapshot(`0.4018259644508362`);
  });

  it('draws uniforms on [0, 1) with the mean and variance of the uniform distribution', () => {
    const rng = createRng(5);
    const values = draw(100_000, rng.uniform);
    const mean = values.reduce((s, v) => s + v, 0) / values.length;
    const variance = values.reduce((s, v) => s + (v - mean) ** 2, 0) / values.length;
    expect(Math.abs(mean - 0.5)).toBeLessThan(4 * Math.sqrt(1 / 12 / values.length));
    expect(variance).toBeCloseTo(1 / 12, 2);
    expect(values.every((v) => v >= 0 && v < 1 && Math.fround(v) === v)).toBe(true);
  });

  it('draws normals with mean 0 and variance 1', () => {
    const rng = createRng(6);
    const values = draw(100_000, rng.normal);
    const mean = values.reduce((s, v) => s + v, 0) / values.length;
    expect(Math.abs(mean)).toBeLessThan(0.015);
    expect(values.reduce((s, v) => s + v * v, 0) / values.length).toBeCloseTo(1, 1);
  });

  it('draws whole numbers evenly: chi-squared of 7 cells stays below its 99.9 % quantile', () => {
    const rng = createRng(7);
    const counts = new Array<number>(7).fill(0);
    for (let i = 0; i < 70_000; i++) counts[rng.integer(7)]!++;
    expect(counts.reduce((s, c) => s + (c - 10_000) ** 2 / 10_000, 0)).toBeLessThan(22.5);
  });

  it('favours no whole number where n does not divide 2^32: with n = 3/4 of it, a third lies in each third', () => {
    const rng = createRng(9);
    const counts = [0, 0, 0];
    for (let i = 0; i < 9000; i++) counts[Math.floor(rng.integer(3 * 2 ** 30) / 2 ** 30)]!++;
    // Remainders without rejection would put half of them into the first third.
    expect(counts.reduce((s, c) => s + (c - 3000) ** 2 / 3000, 0)).toBeLessThan(13.8);
  });

  it('draws whole numbers below 1 and below 2^32, the ends of what it can', () => {
    const [rng, twin] = [createRng(10), createRng(10)];
    for (let i = 0; i < 100; i++) expect(rng.integer(2 ** 32) >>> 8).toBe(twin.uniform() * 2 ** 24);
    expect(draw(50, () => rng.integer(1))).toEqual(new Array(50).fill(0));
    const before = rng.save();
    expect([rng.permutation(0), rng.permutation(1)]).toEqual([new Int32Array(), new Int32Array(1)]);
    expect(rng.save()).toEqual(before);
  });

  it('refuses counts that are no whole number in range, instead of never coming back', async () => {
    const { integer, permutation } = createRng(0);
    for (const n of [0, -1, 0.5, 2.5, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 32 + 1, 5e9, '3', undefined])
      await expectRefusal(() => integer(n as number), { code: 'INVALID_OPTION', fn: 'rng.integer', argument: 'n' });
    for (const n of [-1, 0.5, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 31 + 1, '3', undefined])
      await expectRefusal(() => permutation(n as number), {
        code: 'INVALID_OPTION',
        fn: 'rng.permutation',
        argument: 'n',
      });
  });

  it('refuses labels and saved states that would make another stream than the one meant', async () => {
    const rng = createRng(0);
    for (const label of [undefined, null, Number.NaN, {}, ['a']])
      await expectRefusal(() => rng.fork(label as never), {
        code: 'INVALID_OPTION',
        fn: 'rng.fork',
        argument: 'label',
      });
    const { key, words } = rng.save();
    const refusal = { code: 'INVALID_ARGUMENT', fn: 'rng.restore', argument: 'state' } as const;
    for (const state of [
      undefined,
      null,
      {},
      { key },
      { words },
      { key, words: [0, 0, 0, 0] },
      { key, words: [1, 2, 3] },
      { key, words: [1, 2, 3, 4, 5] },
      { key, words: [1, 2, 3, 0.5] },
      { key: 1, words },
      JSON.stringify(rng.save()),
    ])
      await expectRefusal(() => rng.restore(state as never), refusal);
    expect(rng.save()).toEqual({ key, words });
    const zeros = { key, words: [0, 0, 0, 1] } as const;
    rng.restore(zeros);
    expect(rng.save()).toEqual(zeros);
  });

  it('orders 0..n-1 without loss, every order equally often', () => {
    const rng = createRng(8);
    expect(Array.from(rng.permutation(50)).sort((a, b) => a - b)).toEqual(Array.from({ length: 50 }, (_, i) => i));
    const seen = new Map<string, number>();
    for (let i = 0; i < 6000; i++) {
      const key = rng.permutation(3).join('');
      seen.set(key, (seen.get(key) ?? 0) + 1);
    }
    expect([...seen.values()].reduce((s, c) => s + (c - 1000) ** 2 / 1000, 0)).toBeLessThan(20.5);
  });

  it('forks by seed and label alone, whatever was drawn before', () => {
    const a = createRng(1);
    const b = createRng(1);
    b.uniform();
    expect(a.fork('x').uniform()).toBe(b.fork('x').uniform());
    expect(a.fork('x').uniform()).not.toBe(a.fork('y').uniform());
    expect(a.fork(1).uniform()).not.toBe(a.fork('1').uniform());
  });

  it('goes on elsewhere from where it was saved, in draws and in forks, through JSON', () => {
    const rng = createRng('a').fork('b');
    draw(7, rng.uniform);
    const other = createRng(0);
    other.restore(JSON.parse(JSON.stringify(rng.save())));
    expect(draw(10, other.uniform)).toEqual(draw(10, rng.uniform));
    expect(draw(5, other.fork('c').normal)).toEqual(draw(5, rng.fork('c').normal));
    expect(other.save()).toEqual(rng.save());
  });

  it('refuses a seed that is not a string or a finite number', async () => {
    for (const seed of [Number.NaN, Number.POSITIVE_INFINITY, undefined, null, true, {}])
      await expectRefusal(() => createRng(seed as never), {
        code: 'INVALID_OPTION',
        fn: 'createRng',
        argument: 'seed',
      });
  });
});
