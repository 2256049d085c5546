import { describe, expect, test } from 'vitest';
import { createRng } from '../../src/core/rng';
import { countRegions, inputPlane, sliceRegions, toPiecewiseAffine } from '../../src/regions/index';
import { handMade, normals } from '../support/regionModels';
import { areaIn, patternAt, unmatchedEdges } from '../support/tiling';

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
