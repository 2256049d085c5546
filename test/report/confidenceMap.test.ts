import { describe, expect, it } from 'vitest';
import { confidenceMap } from '../../src/report';
import { viridis } from '../../src/report/palette';
import { expectRefusal } from '../support/expectRefusal';
import { embeddedPng, readSvg, texts } from './readSvg';

const half = (points: Float32Array) => new Float64Array(points.length / 2).fill(0.5);

describe('confidenceMap', () => {
  it('asks for the centres of the cells, by rows from the top', async () => {
    let asked: number[] = [];
    const box = { x: [0, 4], y: [-1, 1] } as const;
    await confidenceMap(
      async (points) => {
        asked = [...points];
        return half(points);
      },
      { box, resolution: 4 },
    );
    const row = (y: number) => [0.5, y, 1.5, y, 2.5, y, 3.5, y];
    expect(asked).toEqual([...row(0.5), ...row(-0.5)]);
  });

  it('paints confidence 1/K in the first colour and 1 in the last, each cell in its place', async () => {
    const confidence = (points: Float32Array) =>
      Float64Array.from({ length: points.length / 2 }, (_, i) =>
        points[2 * i]! > 0.5 && points[2 * i + 1]! > 0.5 ? 1 : 0.25,
      );
    const png = embeddedPng(readSvg(await confidenceMap(confidence, { resolution: 2, classes: 4 })));
    expect([png.width, png.height, png.channels]).toEqual([2, 2, 3]);
    const [low, high] = [
      [68, 1, 84],
      [253, 231, 37],
    ];
    // Upper right corner only: the second pixel of the first row.
    expect([...png.data]).toEqual([low, high, low, low].flat());
  });

  it('uses the colours of viridis as d3 has them, within 5 of 255', async () => {
    const Plot = await import('@observablehq/plot');
    const { apply } = Plot.scale({ color: { type: 'linear', scheme: 'viridis', domain: [0, 1] } }) as {
      apply: (v: number) => string;
    };
    for (let i = 0; i <= 100; i++) {
      const [, r, g, b] = /^#(..)(..)(..)$/.exec(apply(i / 100))!;
      const want = [r, g, b].map((hex) => Number.parseInt(hex!, 16));
      for (const [c, v] of viridis(i / 100).entries()) expect(Math.abs(v - want[c]!)).toBeLessThanOrEqual(5);
    }
  });

  it('numbers the colours from 1/K to 1, draws the points inside the box and names their classes', async () => {
    const points = { x: [0.1, 0.2, 0.9, 0.9, 5, 5], y: [0, 2, 1] };
    const root = readSvg(
      await confidenceMap(half, { classes: 4, points, resolution: 10, description: 'what it shows' }),
    );
    expect(texts(root)).toEqual(
      expect.arrayContaining(['0.25', '1.00', 'Confidence', 'class 0', 'class 1', 'class 2']),
    );
    const dots = [...root.querySelectorAll('g[aria-label="dot"] circle')];
    expect(dots).toHaveLength(2);
    const [left, right] = dots.map((dot) => Number(dot.getAttribute('cx')));
    const [lower, upper] = dots.map((dot) => Number(dot.getAttribute('cy')));
    expect((right! - left!) / (640 - 58 - 84)).toBeCloseTo(0.8, 6);
    expect((lower! - upper!) / (640 - 58 - 84)).toBeCloseTo(0.7, 6);
    expect(root.querySelector('desc')!.textContent).toBe('what it shows');
  });

  it('takes a confidence that float32 rounding lifted over 1 for 1', async () => {
    readSvg(await confidenceMap((points) => half(points).fill(1 + 1.2e-7), { resolution: 3 }));
  });

  it("uses the page's document where there is one, and the error of the callback comes through", async () => {
    const { parseHTML } = await import('linkedom');
    const { document } = parseHTML('<html><body></body></html>');
    let used = 0;
    const page = new Proxy(document, {
      get(target, key) {
        used++;
        const value = Reflect.get(target, key);
        return typeof value === 'function' ? value.bind(target) : value;
      },
    });
    Object.assign(globalThis, { document: page });
    try {
      readSvg(await confidenceMap(half, { resolution: 3 }));
    } finally {
      Reflect.deleteProperty(globalThis, 'document');
    }
    expect(used).toBeGreaterThan(0);
    await expect(confidenceMap(() => Promise.reject(new Error('mine')))).rejects.toThrow('mine');
  });

  const points = { x: [0.5, 0.5], y: [0] };
  it.each([
    ['confidence', 'INVALID_ARGUMENT', 0.5, {}],
    ['confidence', 'INVALID_SHAPE', () => [0.5], {}],
    ['confidence', 'NON_FINITE', (p: Float32Array) => half(p).fill(Number.NaN), {}],
    ['confidence', 'OUT_OF_BOUNDS', (p: Float32Array) => half(p).fill(1.1), {}],
    ['resolution', 'INVALID_OPTION', half, { resolution: 1 }],
    ['classes', 'INVALID_OPTION', half, { classes: 1 }],
    ['box.x', 'INVALID_OPTION', half, { box: { x: [1, 0], y: [0, 1] } }],
    ['box.y', 'INVALID_OPTION', half, { box: { x: [0, 1], y: [0, Number.NaN] } }],
    ['box', 'INVALID_OPTION', half, { box: { x: [0, 1], y: [0, 1000] } }],
    ['points', 'INVALID_SHAPE', half, { points: { x: [1], y: [1] } }],
    ['points', 'NON_FINITE', half, { points: { ...points, x: [0, Number.NaN] } }],
    ['points', 'INVALID_LABELS', half, { points: { ...points, y: [2] } }],
    ['width', 'INVALID_OPTION', half, { width: 0.5 }],
  ] as const)('refuses a bad %s with %s', async (argument, code, confidence, options) => {
    const fn = 'confidenceMap';
    await expectRefusal(() => confidenceMap(confidence as never, options as never), { code, fn, argument });
  });
});
