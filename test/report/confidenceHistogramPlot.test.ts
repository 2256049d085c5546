import { describe, expect, it } from 'vitest';
import { confidenceHistogramPlot } from '../../src/report';
import { expectRefusal } from '../support/expectRefusal';
import { readSvg, texts } from './readSvg';

describe('confidenceHistogramPlot', () => {
  it('draws the share of each bin on a logarithmic scale, empty bins at the bottom', async () => {
    const confidences = [...new Array(9).fill(0.1), 0.6];
    const svg = await confidenceHistogramPlot({ a: confidences }, { bins: 4 });
    const line = [...readSvg(svg).querySelectorAll('g[aria-label="line"]')].find(
      (g) => g.getAttribute('stroke') === '#0072B2',
    )!;
    // A step-after path: heights in order are 9/10, nothing, 1/10, nothing; nothing is half an example, 1/20.
    const numbers = [
      ...line
        .querySelector('path')!
        .getAttribute('d')!
        .matchAll(/-?[\d.]+/g),
    ].map(Number);
    const ys = numbers.filter((_, i) => i % 2 === 1);
    const [high, low, middle] = [Math.min(...ys), Math.max(...ys), [...new Set(ys)].sort((a, b) => a - b)[1]!];
    expect(new Set(ys).size).toBe(3);
    expect((low - middle) / (low - high)).toBeCloseTo(Math.log(0.1 / 0.05) / Math.log(0.9 / 0.05), 3);
    const xs = numbers.filter((_, i) => i % 2 === 0);
    expect(xs.at(-1)! - xs[0]!).toBeCloseTo(640 - 72 - 20, 6);
  });

  it('labels powers of ten as percentages and every set with its mean', async () => {
    const shown = texts(readSvg(await confidenceHistogramPlot({ a: new Array(1000).fill(0.25), b: [1, 0.5] })));
    expect(shown).toEqual(
      expect.arrayContaining(['100 %', '10 %', '1 %', '0.1 %', 'a (mean 0.250)', 'b (mean 0.750)']),
    );
  });

  it('draws a set of one example', async () => {
    readSvg(await confidenceHistogramPlot({ a: [1] }, { bins: 1 }));
  });

  it.each([
    ['sets', 'EMPTY_INPUT', {}, {}],
    ['sets.a', 'EMPTY_INPUT', { a: [] }, {}],
    ['sets.a', 'OUT_OF_BOUNDS', { a: [1.5] }, {}],
    ['sets.a', 'NON_FINITE', { a: [Number.NaN] }, {}],
    ['bins', 'INVALID_OPTION', { a: [1] }, { bins: 0 }],
    ['width', 'INVALID_OPTION', { a: [1] }, { width: Number.NaN }],
  ] as const)('refuses a bad %s with %s', async (argument, code, sets, options) => {
    const fn = 'confidenceHistogramPlot';
    await expectRefusal(() => confidenceHistogramPlot(sets, options), { code, fn, argument });
  });
});
