import { describe, expect, it } from 'vitest';
import { mlp } from '../../src/models';
import { inputPlane, sliceRegions, toPiecewiseAffine } from '../../src/regions';
import { regionMap } from '../../src/report';
import { viridis } from '../../src/report/palette';
import { expectRefusal } from '../support/expectRefusal';
import { handMade, randomWeights } from '../support/regionModels';
import { embeddedPng, readSvg, texts } from './readSvg';

const box = { x: [-3, 3], y: [-3, 3] } as const;

function regionsOf(model: ReturnType<typeof mlp>) {
  const net = toPiecewiseAffine(model);
  model.dispose();
  return sliceRegions(net, inputPlane);
}

describe('regionMap', () => {
  it('draws one outline for every region that meets the box', async () => {
    const regions = regionsOf(randomWeights(mlp({ inputShape: [2], hidden: [6], classes: 3 }), 1));
    const root = readSvg(await regionMap(regions, { box: { x: [-100, 100], y: [-100, 100] } }));
    expect(root.querySelectorAll('g[aria-label="line"] path').length).toBeGreaterThanOrEqual(regions.length);
    expect(root.querySelector('desc')!.textContent).toContain(`${regions.length} linear regions`);
    const bare = readSvg(await regionMap(regions, { box, edges: false, boundary: false }));
    expect(bare.querySelectorAll('g[aria-label="line"] path')).toHaveLength(0);
  });

  it('colours every point by the confidence of its region, and draws the boundary in its place', async () => {
    // Logits x, -x: the confidence is 1 / (1 + exp(-2 |x|)), the boundary x = 0.
    const regions = regionsOf(
      handMade({
        kernel: [
          [1, -1],
          [0, 0],
        ],
        bias: [0, 0],
      }),
    );
    const root = readSvg(await regionMap(regions, { box }));
    const png = embeddedPng(root);
    expect([png.width, png.height]).toEqual([400, 400]);
    for (const column of [0, 100, 250, 399]) {
      const x = -3 + (6 * (column + 0.5)) / 400;
      const share = 2 / (1 + Math.exp(-2 * Math.abs(x))) - 1;
      const at = 3 * (400 * 57 + column);
      for (const [i, level] of viridis(share).entries()) expect(Math.abs(png.data[at + i]! - level)).toBeLessThan(2);
    }
    const boundary = [...root.querySelectorAll('g[aria-label="line"][stroke="#CC79A7"] path')].map(
      (p) => p.getAttribute('d')!,
    );
    expect(boundary).toHaveLength(2);
    const middle = 58 + (640 - 58 - 84) / 2;
    for (const path of boundary)
      for (const [, x] of path.matchAll(/[ML](-?[\d.]+),/g)) expect(Number(x)).toBeCloseTo(middle, 6);
    expect(texts(root)).toContain('decision boundary');
  });

  it('paints grey what no region covers', async () => {
    const model = mlp({ inputShape: [2], hidden: [3], classes: 2, seed: 1 });
    const right = sliceRegions(toPiecewiseAffine(model), inputPlane, { box: { x: [0, 3], y: [-3, 3] } });
    model.dispose();
    const png = embeddedPng(readSvg(await regionMap(right, { box })));
    const pixel = (column: number) => [...png.data.slice(3 * (400 * 57 + column), 3 * (400 * 57 + column) + 3)];
    expect(pixel(100)).toEqual([200, 200, 200]);
    expect(pixel(300)).not.toEqual([200, 200, 200]);
  });

  it('names the classes at infinity and leaves bounded regions white', async () => {
    const regions = regionsOf(randomWeights(mlp({ inputShape: [2], hidden: [5], classes: 2 }), 3));
    const root = readSvg(await regionMap(regions, { box: { x: [-50, 50], y: [-50, 50] }, colour: 'infinity' }));
    const fills = [...root.querySelectorAll('g[aria-label="line"] path')].map((path) => path.getAttribute('fill'));
    expect(fills.filter((fill) => fill === '#fff')).toHaveLength(regions.filter(({ unbounded }) => !unbounded).length);
    expect(texts(root).some((text) => /^class \d at infinity$/.test(text))).toBe(true);
  });

  const one = regionsOf(mlp({ inputShape: [2], hidden: [2], classes: 2 }));
  it.each([
    ['regions', 'EMPTY_INPUT', [], {}],
    ['box.x', 'INVALID_OPTION', one, { box: { x: [1, 1], y: [0, 1] } }],
    ['colour', 'INVALID_OPTION', one, { colour: 'red' }],
    ['points', 'INVALID_SHAPE', one, { points: { x: [1], y: [1] } }],
    ['width', 'INVALID_OPTION', one, { width: 10 }],
  ] as const)('refuses a bad %s with %s', async (argument, code, regions, options) => {
    await expectRefusal(() => regionMap(regions, options as never), { code, fn: 'regionMap', argument });
  });
});
