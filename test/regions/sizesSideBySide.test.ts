import { input, type LayersModel, layers, type SymbolicTensor, model as tfModel } from '@tensorflow/tfjs-layers';
import { describe, expect, test } from 'vitest';
import { createRng } from '../../src/core/rng';
import {
  countRegions,
  evaluate,
  inputPlane,
  type KinkNode,
  sliceRegions,
  toPiecewiseAffine,
} from '../../src/regions/index';
import { gap, handMade, normals } from '../support/regionModels';
import { areaIn, logitsOf, patternAt, unmatchedEdges } from '../support/tiling';

type Layer = { readonly kernel: readonly (readonly number[])[]; readonly bias: readonly number[] };

function read(...layers: Layer[]) {
  const model = handMade(...layers);
  const net = toPiecewiseAffine(model);
  model.dispose();
  return net;
}

const rows = (flat: Float64Array, size: number) =>
  Array.from({ length: flat.length / size }, (_, i) => [...flat.subarray(i * size, (i + 1) * size)]);

/** A layer with random weights; unit u is `factors[u]` times as large as it would be. */
function layer(inputSize: number, factors: readonly number[], rng: ReturnType<typeof createRng>): Layer {
  const kernel = rows(normals(inputSize * factors.length, rng), factors.length);
  return {
    kernel: kernel.map((row) => row.map((value, u) => factors[u]! * value)),
    bias: [...normals(factors.length, rng)].map((value, u) => factors[u]! * value),
  };
}

const BOX = { x: [-2, 2], y: [-2, 2] } as const;

describe('units of all sizes side by side in one layer', () => {
  test('each bend the network on their own line: x = 0.5 of weights 1 beside y = 0 of weights 1e14', () => {
    const hidden = {
      kernel: [
        [0, 1, 1e-14],
        [1e14, 0, 1e-14],
      ],
      bias: [0, -0.5, -1e-14],
    };
    const net = read(hidden, { kernel: [[1, -1], [1, 2], [1, 3]], bias: [0, 0] }); // biome-ignore format: rows are units
    const regions = sliceRegions(net, inputPlane);
    // Three lines in general position.
    expect(regions).toHaveLength(7);
    expect(new Set(regions.map(({ inside }) => patternAt(net, inputPlane, inside))).size).toBe(7);
    expect(areaIn(regions, BOX)).toBeCloseTo(16, 10);
    expect(unmatchedEdges(regions)).toEqual([]);
  });

  test('bend a second layer on lines of their own: four units of a grid, two of them 1e14 times larger', () => {
    // |x - 1| is small, |1e14 y| is large; the second layer sees each in a unit of its own.
    const net = read(
      { kernel: [[1, -1, 0, 0], [0, 0, 1e14, -1e14]], bias: [-1, 1, 0, 0] }, // biome-ignore format: columns are units
      { kernel: [[1, 0], [1, 0], [0, 1], [0, 1]], bias: [-0.5, -1e14] }, // biome-ignore format: rows are units
      { kernel: [[1, -1], [2, 1]], bias: [0, 0] }, // biome-ignore format: rows are units
    );
    // Lines x = 1, x = 0.5, x = 1.5 and y = 0, y = 1, y = -1.
    expect(countRegions(net, inputPlane)).toBe(16);
  });

  test.each([[[6]], [[5, 5]], [[6, 4, 5]]])('are found wherever a fine grid meets their patterns: %j', (hidden) => {
    for (let seed = 0; seed < 10; seed++) {
      const rng = createRng(`sizes ${hidden.join()} ${seed}`);
      // A small unit reads small ones alone, and a large one is about as large in all regions.
      let before = [1, 1];
      const layers = [...hidden, 3].map((units, l) => {
        const factors = Array.from({ length: units }, () => (l < hidden.length ? 10 ** (14 * rng.integer(2)) : 1));
        const { kernel, bias } = layer(before.length, factors, rng);
        const rowsRead = kernel.map((row, i) =>
          row.map((w, u) => (before[i]! > 1 ? (factors[u]! > 1 ? w / 1e14 : 0) : w)),
        );
        before = factors;
        return { kernel: rowsRead, bias };
      });
      const net = read(...layers);
      const regions = sliceRegions(net, inputPlane, { box: BOX });
      const patterns = new Set(regions.map(({ inside }) => patternAt(net, inputPlane, inside)));
      expect(patterns.size).toBe(regions.length);
      for (let i = 0; i < 1600; i++) {
        const point = [(i % 40) / 10 - 1.953, Math.floor(i / 40) / 10 - 1.947] as const;
        expect(patterns, `seed ${seed}, ${point}`).toContain(patternAt(net, inputPlane, point));
      }
    }
  });
});

/** The same with other layers before the dense layer number `index`. */
function withMiddle(model: LayersModel, index: number, middle: (x: SymbolicTensor) => SymbolicTensor): LayersModel {
  const start = input({ shape: model.inputs[0]!.shape.slice(1) });
  let x: SymbolicTensor = start;
  for (const [l, dense] of model.layers.entries()) x = dense.apply(l === index ? middle(x) : x) as SymbolicTensor;
  return tfModel({ inputs: start, outputs: x });
}

describe('regions beside which a network is 1e16 times as steep', () => {
  test.each([
    ['before', [1, 0]],
    ['after', [0, 1]],
  ] as const)('are cut by what bends in them, and keep their slopes, found %s those', (_, order) => {
    // Units max(0, x - 1) and 1e8 max(0, -x - 1) in either order, and max(0, y). Then 1e8 times the second plus the last minus
    // 0.5, which bends at y = 0.5 where x > -1.
    const units = [{ kernel: [1, 0], bias: -1, next: 0 }, { kernel: [-1e8, 0], bias: -1e8, next: 1e8 }]; // biome-ignore format: rows are units
    const all = [...order.map((i) => units[i]!), { kernel: [0, 1], bias: 0, next: 1 }];
    const first = { kernel: [0, 1].map((i) => all.map(({ kernel }) => kernel[i]!)), bias: all.map(({ bias }) => bias) };
    const second = { kernel: all.map(({ next }) => [next]), bias: [-0.5] };
    const net = read(first, second, { kernel: [[1, -2, 0.5]], bias: [0, 1, 2] });
    const box = { x: [-2, 2], y: [-1, 1] } as const;
    for (const options of [{}, { box }]) {
      const regions = sliceRegions(net, inputPlane, options);
      expect(regions).toHaveLength(8);
      expect(countRegions(net, inputPlane, options)).toBe(8);
      expect(areaIn(regions, box)).toBeCloseTo(8, 12);
      for (const region of regions) {
        const truth = evaluate(net, region.inside);
        expect(gap(logitsOf(region, region.inside), truth)).toBeLessThan(1e-12 * Math.max(1, ...truth.map(Math.abs)));
      }
    }
  });

  test('are cut by what bends in them where a unit is as steep on its other side', () => {
    // The unit is x where it is positive and 1e16 x where it is negative. With max(0, y) it bends at x + max(0, y) = 0.5.
    const last = { kernel: [[1, 2]], bias: [0, 1] };
    const net = read({ kernel: [[1, 0], [0, 1]], bias: [0, 0] }, { kernel: [[1], [1]], bias: [-0.5] }, last); // biome-ignore format: by rows
    const own = { period: 2, slopes: Float64Array.of(1e16, 1, 0, 1), intercepts: new Float64Array(4) };
    const nodes = net.nodes.map((node, n) => (n === 1 ? ({ ...node, ...own } as KinkNode) : node));
    expect(countRegions({ ...net, nodes }, inputPlane)).toBe(6);
  });

  const one = (layer: { apply(x: SymbolicTensor[] | SymbolicTensor): unknown }, x: SymbolicTensor | SymbolicTensor[]) =>
    layer.apply(x) as SymbolicTensor;
  const middles: Readonly<Record<string, (x: SymbolicTensor) => SymbolicTensor>> = {
    nothing: (x) => x,
    'an average of two': (x) => one(layers.average(), [x, x]),
    'a leaky ReLU': (x) => one(layers.leakyReLU({ alpha: 0.2 }), x),
    'a maximum': (x) => {
      const twice = one(layers.concatenate(), [x, x]);
      return one(layers.globalMaxPooling1d({}), one(layers.reshape({ targetShape: [2, 3] }), twice));
    },
  };
  const planes = {
    constants: { plane: { origin: [0.7, 0.6, 0], u: [0.31, -0.31, 0], v: [0, 0, 1] }, box: { x: [-1, 2], y: [-3, 3] } },
    slopes: {
      plane: { origin: [0, 0, 0], u: [0.31, 0.17, 0], v: [-0.13, 0.37, 0] },
      box: { x: [0.5, 4], y: [-0.3, 0.4] },
    },
  } as const;
  const cases = Object.keys(middles).flatMap((middle) =>
    (['constants', 'slopes'] as const).map((of) => [of, middle] as const),
  );
  test.each(cases)('take what rounding has left of %s two layers before for zero, through %s', (of, middle) => {
    // Three million times x + y minus a million times 3 x + 3 y, plus 1 minus 1, and 1e-10 z: as good as zero where x < 1.
    const model = handMade(
      { kernel: [[1, 3, 1e8, 0, 0], [1, 3, 0, 0, 0], [0, 0, 0, 1, 0]], bias: [0, 0, -1e8, 4, 4] }, // biome-ignore format: by rows
      { kernel: [[1e5, 0, 3e6], [0, 0, -1e6], [0, 1, 0], [0, 0, 1e-10], [0, 0, -1e-10]], bias: [0, 0, 1] }, // biome-ignore format: by rows
      { kernel: [[0, 1], [1e8, 0], [1, 0]], bias: [-1, 0] }, // biome-ignore format: by rows
      { kernel: [[1, -2], [0, 0]], bias: [0, 1] }, // biome-ignore format: by rows
    );
    const net = toPiecewiseAffine(withMiddle(model, 2, middles[middle]!));
    model.dispose();
    const { plane, box } = planes[of];
    const regions = sliceRegions(net, plane, { box });
    expect(regions).toHaveLength(2);
    expect(regions.map(({ slope }) => slope.every((value) => value === 0)).sort()).toEqual([false, true]);
  });
});
