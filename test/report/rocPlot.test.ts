import { describe, expect, it } from 'vitest';
import { rocPlot } from '../../src/report';
import { expectRefusal } from '../support/expectRefusal';
import { linePoints, readSvg, texts } from './readSvg';

describe('rocPlot', () => {
  it('draws the curve worked out by hand, false positives to the right and true positives upwards', async () => {
    const root = readSvg(await rocPlot([0.9, 0.8, 0.4], { noise: [0.5, 0.2, 0.1] }));
    const points = linePoints(root, '#D55E00');
    const [[left, bottom], [right, top]] = [points[0]!, points.at(-1)!];
    const shares = points.map(([x, y]) => [(x - left) / (right - left), (bottom - y) / (bottom - top)]);
    const want = [
      [0, 0],
      [0, 1 / 3],
      [0, 2 / 3],
      [1 / 3, 2 / 3],
      [1 / 3, 1],
      [2 / 3, 1],
      [1, 1],
    ];
    expect(shares).toHaveLength(want.length);
    for (const [i, [x, y]] of want.entries()) {
      expect(shares[i]![0]).toBeCloseTo(x!, 3);
      expect(shares[i]![1]).toBeCloseTo(y!, 3);
    }
    expect(right - left).toBeCloseTo(bottom - top, 6);
  });

  it('names every set with its AUROC, whatever letters the name has, and tells screen readers the same', async () => {
    const label = 'a<b & "c" \u0001é\u00a0>';
    const root = readSvg(await rocPlot([3, 2], { [label]: [1, 2], other: [5] }, { title: '1 < 2 & 3' }));
    const shown = texts(root);
    expect(shown).toContain('a<b & "c" \uFFFDé\u00a0> (AUROC 0.875)');
    expect(shown).toContain('other (AUROC 0.000)');
    expect(shown).toContain('1 < 2 & 3');
    expect(root.querySelector('desc')!.textContent).toContain('other (AUROC 0.000)');
  });

  it('leaves out points less than a pixel apart, and keeps both ends', async () => {
    const scores = (shift: number) => Float64Array.from({ length: 20_000 }, (_, i) => Math.sin(i * i) + shift);
    const svg = await rocPlot(scores(0.2), { noise: scores(0) }, { width: 400 });
    const points = linePoints(readSvg(svg), '#D55E00');
    expect(points.length).toBeGreaterThan(300);
    expect(points.length).toBeLessThan(700);
    expect(svg.length).toBeLessThan(30_000);
    expect(points.at(-1)![0] - points[0]![0]).toBeCloseTo(322, 6);
  });

  it('tells more than eight sets apart by colour and dashes', async () => {
    const out = Object.fromEntries(Array.from({ length: 32 }, (_, i) => [`set ${i}`, [i, 1]]));
    const root = readSvg(await rocPlot([1, 2], out));
    const looks = [...root.querySelectorAll('g[aria-label="line"]')].map(
      (g) => `${g.getAttribute('stroke')} ${g.getAttribute('stroke-dasharray')}`,
    );
    expect(new Set(looks).size).toBe(33);
  });

  it('keeps all text inside the picture when labels and title are long', async () => {
    const long = 'a very long label that goes on and on '.repeat(8);
    const root = readSvg(await rocPlot([1], { [long]: [0] }, { width: 300, title: long }));
    for (const text of texts(root)) expect(text.length * 7).toBeLessThan(360);
  });

  it.each([
    ['inS', 'EMPTY_INPUT', [], { a: [1] }, {}],
    ['inS', 'NON_FINITE', [Number.NaN], { a: [1] }, {}],
    ['out', 'EMPTY_INPUT', [1], {}, {}],
    ['out', 'INVALID_ARGUMENT', [1], [1, 2], {}],
    ['out', 'INVALID_ARGUMENT', [1], new Float64Array(2), {}],
    ['out.a', 'EMPTY_INPUT', [1], { a: [] }, {}],
    ['width', 'INVALID_OPTION', [1], { a: [1] }, { width: 10 }],
    ['title', 'INVALID_OPTION', [1], { a: [1] }, { title: 5 }],
  ] as const)('refuses a bad %s with %s', async (argument, code, inS, out, options) => {
    await expectRefusal(() => rocPlot(inS, out as never, options as never), { code, fn: 'rocPlot', argument });
  });
});
