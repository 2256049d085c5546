import { describe, expect, it } from 'vitest';
import { sandwichPlot } from '../../src/report';
import { expectRefusal } from '../support/expectRefusal';
import { linePoints, readSvg, texts } from './readSvg';

const [BLUE, RED, GREEN] = ['#0072B2', '#D55E00', '#009E73'];

describe('sandwichPlot', () => {
  const sandwich = { attack: [0.4, 0.2, 0.6], exact: [0.5, 0.2, 0.7], certified: [0.8, 0.3, 1] };

  it('draws the inputs in order of their certified bounds, confidence 0 to 1 from bottom to top', async () => {
    const root = readSvg(await sandwichPlot(sandwich));
    const bottom = Number(root.getAttribute('height')) - 44;
    const heights = (colour: string) => linePoints(root, colour).map(([, y]) => (bottom - y) / 320);
    for (const [colour, values] of [
      [BLUE, [0.2, 0.4, 0.6]],
      [RED, [0.3, 0.8, 1]],
      [GREEN, [0.2, 0.5, 0.7]],
    ] as const)
      for (const [i, value] of values.entries()) expect(heights(colour)[i]).toBeCloseTo(value, 2);
    expect(texts(root)).toEqual(
      expect.arrayContaining(['attack (mean 0.400)', 'certified bound (mean 0.700)', 'exact maximum (mean 0.467)']),
    );
  });

  it('leaves out the exact maximum where it is not known, and takes a single input', async () => {
    const root = readSvg(await sandwichPlot({ attack: [0.4], exact: undefined, certified: [0.8] }));
    expect(texts(root).some((text) => text.startsWith('exact'))).toBe(false);
  });

  it.each([
    ['sandwich.attack', 'EMPTY_INPUT', { attack: [], certified: [] }, {}],
    ['sandwich.certified', 'INVALID_SHAPE', { attack: [0.5], certified: [0.5, 0.6] }, {}],
    ['sandwich.exact', 'OUT_OF_BOUNDS', { attack: [0.5], exact: [1.5], certified: [0.6] }, {}],
    ['width', 'INVALID_OPTION', sandwich, { width: 1 }],
  ] as const)('refuses a bad %s with %s', async (argument, code, series, options) => {
    await expectRefusal(() => sandwichPlot(series, options), { code, fn: 'sandwichPlot', argument });
  });
});
