import { describe, expect, it } from 'vitest';
import { createRng } from '../../src/index';
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
    await expectRefusal(() => createRng(Number.NaN), { code: 'INVALID_OPTION', fn: 'createRng', argument: 'seed' });
  });
});
