import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type RayCurve, rayPlot } from '../../src/report';
import { expectRefusal } from '../support/expectRefusal';
import { linePoints, readSvg, texts } from './readSvg';

const [BLUE, RED] = ['#0072B2', '#D55E00'];
/** Where the marks lie in a picture of the default width. */
const [LEFT, RIGHT, HEIGHT] = [68, 640 - 24, 320];

/** Height of the lower end of the marks, in pixels from the top. */
const bottomOf = (root: Element) => Number(root.getAttribute('height')) - 44;

/** Where the limit lines lie, in pixels from the top. */
const limitLines = (root: Element) =>
  [...root.querySelectorAll('g[aria-label="rule"]')]
    .filter((g) => g.getAttribute('stroke-dasharray') === '2 4')
    .map((g) => {
      const line = g.querySelector('line')!;
      const [, shift = '0'] = g.getAttribute('transform')?.match(/,(-?[\d.]+)\)/) ?? [];
      return [g.getAttribute('stroke'), Number(line.getAttribute('y1')) + Number(shift)] as const;
    });

describe('rayPlot', () => {
  it('puts equal factors of alpha at equal distances to the right, and confidence 0 to 1 from bottom to top', async () => {
    const confidences = [0.5, 0.25, 1, 0.75];
    const root = readSvg(await rayPlot([{ name: 'a', alphas: [1, 100, 1e3, 1e6], confidences }]));
    const points = linePoints(root, BLUE);
    for (const [i, share] of [0, 1 / 3, 1 / 2, 1].entries()) {
      expect(points[i]![0]).toBeCloseTo(LEFT + share * (RIGHT - LEFT), 2);
      expect(points[i]![1]).toBeCloseTo(bottomOf(root) - confidences[i]! * HEIGHT, 2);
    }
    expect(texts(root)).toEqual(expect.arrayContaining(['1', '10', '100', '10³', '10⁶', '0.2', '1.0']));
  });

  it('numbers both ends of an axis that holds no two powers of ten', async () => {
    const root = readSvg(await rayPlot([{ name: 'a', alphas: [2, 8], confidences: [0.5, 1] }]));
    expect(texts(root)).toEqual(expect.arrayContaining(['2', '8']));
  });

  it('on a linear scale takes any alphas, negative ones too', async () => {
    const root = readSvg(
      await rayPlot([{ name: 'a', alphas: [-2, 0, 6], confidences: [1, 0.5, 1] }], { scale: 'linear' }),
    );
    const xs = linePoints(root, BLUE).map(([x]) => (x - LEFT) / (RIGHT - LEFT));
    expect(xs[1]).toBeCloseTo(0.25, 4);
  });

  it('shows 1 - confidence on a logarithmic scale, and what rounds to 1 at 1e-16', async () => {
    const curve = { name: 'a', alphas: [1, 10, 100, 1000], confidences: [0, 0.9, 1 - 1e-8, 1] };
    const root = readSvg(await rayPlot([curve], { show: 'doubt' }));
    const shares = linePoints(root, BLUE).map(([, y]) => (bottomOf(root) - y) / HEIGHT);
    for (const [i, exponent] of [0, -1, -8, -16].entries()) expect(shares[i]).toBeCloseTo(1 + exponent / 16, 3);
    expect(texts(root)).toEqual(expect.arrayContaining(['1', '10⁻¹⁶']));
  });

  it('draws the limit of each curve that has one in its colour, and names it in the legend and for screen readers', async () => {
    const alphas = [1, 1e6];
    const root = readSvg(
      await rayPlot([
        { name: 'ReLU', alphas, confidences: [0.6, 1], limit: 1 },
        { name: 'RBF', alphas, confidences: [0.8, 0.5], limit: 0.5 },
        { name: 'unknown', alphas, confidences: [0.8, 0.7] },
      ]),
    );
    const lines = limitLines(root);
    expect(lines.map(([colour]) => colour)).toEqual([BLUE, RED]);
    for (const [i, limit] of [1, 0.5].entries())
      expect(lines[i]![1]).toBeCloseTo(bottomOf(root) - limit * HEIGHT, -0.5);
    expect(texts(root)).toEqual(expect.arrayContaining(['ReLU (limit 1.000)', 'RBF (limit 0.500)', 'unknown']));
    expect(root.querySelector('desc')!.textContent).toContain('RBF: 0.800 at 1, 0.500 at 1000000, tending to 0.500');
  });

  it('never strays two pixels from the data, however many points there are, and keeps spikes', async () => {
    const alphas = Float64Array.from({ length: 50_001 }, (_, i) => 10 ** (i / 5000));
    const confidences = alphas.map((_, i) => (i === 30_001 ? 1 : 0.25 + 0.2 * Math.sin(i / 500)));
    const root = readSvg(await rayPlot([{ name: 'a', alphas, confidences }]));
    const points = linePoints(root, BLUE);
    expect(points.length).toBeLessThan(4500);
    const top = bottomOf(root) - HEIGHT;
    expect(points.filter(([, y]) => y < top + 0.01)).toHaveLength(1);
    let drawn = 0;
    for (let i = 0; i <= 50_000; i += 7) {
      const x = LEFT + (i / 50_000) * (RIGHT - LEFT);
      while (points[drawn + 1]![0] < x - 0.001) drawn++;
      const [[x0, y0], [x1, y1]] = [points[drawn]!, points[drawn + 1]!];
      const y = bottomOf(root) - confidences[i]! * HEIGHT;
      // A spike is a pixel wide.
      if (Math.abs(i - 30_001) > 200) expect(Math.abs(y0 + ((x - x0) / (x1 - x0)) * (y1 - y0) - y)).toBeLessThan(2);
    }
    expect(points.at(-1)![0]).toBeCloseTo(RIGHT, 2);
  });

  it('stays inside its frame with any numbers that it accepts, a single point included', async () => {
    const curve = fc
      .array(
        fc.tuple(fc.double({ min: 1e-300, max: 1e300, noNaN: true }), fc.double({ min: 0, max: 1, noNaN: true })),
        {
          minLength: 1,
          maxLength: 6,
        },
      )
      .map((pairs) => pairs.sort(([a], [b]) => a - b))
      .map((pairs) => ({ name: 'a', alphas: pairs.map(([a]) => a), confidences: pairs.map(([, c]) => c) }));
    await fc.assert(
      fc.asyncProperty(curve, fc.constantFrom('confidence', 'doubt'), async (ray, show) => {
        const root = readSvg(await rayPlot([ray], { show }));
        for (const [x, y] of linePoints(root, BLUE)) {
          expect(Math.min(x - LEFT, RIGHT - x)).toBeGreaterThan(-0.01);
          expect(Math.min(bottomOf(root) - y, y - bottomOf(root) + HEIGHT)).toBeGreaterThan(-0.01);
        }
      }),
      {
        numRuns: 20,
        examples: [[{ name: 'a', alphas: [1e-300, 1.0000000000000002e-300], confidences: [0, 0] }, 'confidence']],
      },
    );
  });

  const good: RayCurve = { name: 'a', alphas: [1, 2], confidences: [0.5, 1] };
  it.each([
    ['rays', 'INVALID_ARGUMENT', { a: good }, {}],
    ['rays', 'EMPTY_INPUT', [], {}],
    ['rays[1].name', 'INVALID_ARGUMENT', [good, { ...good, name: 3 }], {}],
    ['rays[0]', 'INVALID_ARGUMENT', [null], {}],
    ['rays[0].alphas', 'EMPTY_INPUT', [{ ...good, alphas: [] }], {}],
    ['rays[0].alphas', 'NON_FINITE', [{ ...good, alphas: [1, Number.POSITIVE_INFINITY] }], {}],
    ['rays[0].alphas', 'INVALID_ARGUMENT', [{ ...good, alphas: [0, 1] }], {}],
    ['rays[0].alphas', 'INVALID_ARGUMENT', [{ ...good, alphas: [2, 1] }], {}],
    ['rays[0].confidences', 'OUT_OF_BOUNDS', [{ ...good, confidences: [0.5, 1.5] }], {}],
    ['rays[0].confidences', 'INVALID_SHAPE', [{ ...good, confidences: [0.5] }], {}],
    ['rays[0].limit', 'INVALID_OPTION', [{ ...good, limit: 2 }], {}],
    ['scale', 'INVALID_OPTION', [good], { scale: 'sqrt' }],
    ['show', 'INVALID_OPTION', [good], { show: 'doubts' }],
    ['width', 'INVALID_OPTION', [good], { width: 1 }],
  ] as const)('refuses a bad %s with %s', async (argument, code, rays, options) => {
    await expectRefusal(() => rayPlot(rays as never, options as never), { code, fn: 'rayPlot', argument });
  });
});
