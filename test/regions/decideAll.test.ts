import { describe, expect, it } from 'vitest';
import type { KinkNode, MaxNode, SwitchNode } from '../../src/regions';
import { decideAll } from '../../src/regions/slice/decide';
import { directionOf, pointAt } from '../../src/regions/slice/line';
import { edgeBetween, type Polygon } from '../../src/regions/slice/polygon';

const relu: KinkNode = {
  layer: 'relu',
  inputs: [0],
  size: 1,
  kind: 'kink',
  thresholds: [0],
  pieces: 2,
  period: 1,
  slopes: Float64Array.of(0, 1),
  intercepts: new Float64Array(2),
};
const largest: MaxNode = {
  layer: 'max',
  inputs: [0],
  size: 1,
  kind: 'max',
  starts: Int32Array.of(0, 2),
  members: Int32Array.of(0, 1),
};

/** The triangle of (0, 0), (1, 0) and (0, 1), its first corner blurred. */
function triangle(blur = 0): Polygon {
  const corners = [pointAt(0, 0, blur), pointAt(1, 0), pointAt(0, 1)];
  return { corners, edges: corners.map((corner, i) => edgeBetween(corner, corners[(i + 1) % 3]!)) };
}

/** Constant, slope in x, slope in y. */
type Affine = readonly [number, number, number];

/** What an entry decides, or 'open': for functions of the plane, and the sizes of what was added up to each. */
function decided(node: SwitchNode, functions: readonly Affine[], polygon = triangle(), sizes?: readonly number[]) {
  const z = Float64Array.from([0, 1, 2].flatMap((row) => functions.map((f) => f[row]!)));
  const states = new Int32Array(1).fill(-7);
  const reading = { z, sizes: Float64Array.from(sizes ?? new Float64Array(2 * functions.length)) };
  const { open } = decideAll(node, reading, polygon, states, () => reading.sizes);
  return open.length > 0 ? 'open' : states[0];
}

describe('an entry has one answer in a polygon', () => {
  it('where all corners lie on one side, and is open where they do not', () => {
    expect(decided(relu, [[0.05, 1, 1]])).toBe(1);
    expect(decided(relu, [[-2, 1, 1]])).toBe(0);
    expect(decided(relu, [[-0.05, 1, 1]])).toBe('open');
    expect(decided(relu, [[0.05, -1, -1]])).toBe('open');
    // A line along an edge parts nothing.
    expect(decided(relu, [[0, 1, 0]])).toBe(1);
    expect(decided(relu, [[0, -1, 0]])).toBe(0);
    expect(decided(relu, [[0, 0, 0]])).toBe(0);
  });

  it('where a corner is on the other side by its blur only', () => {
    // The function is -0.05 or 0.05 in the blurred corner, and a blur of b moves it by 2 b.
    const answers = (f: Affine) => [0.024, 0.026].map((blur) => decided(relu, [f], triangle(blur)));
    expect(answers([-0.05, 1, 1])).toEqual(['open', 1]);
    expect(answers([0.05, -1, -1])).toEqual(['open', 0]);
  });

  it('where a corner is on the other side by rounding of what was added up only', () => {
    const answers = (f: Affine, sizes: (share: number) => number[]) =>
      [0.9, 1.1].map((share) => decided(relu, [f], triangle(), sizes(share)));
    // A constant is rounded by 1e-14 of its size, a slope by as much for each unit of |x| + |y|.
    expect(answers([-0.05, 1, 1], (share) => [5e12 * share, 0])).toEqual(['open', 1]);
    expect(answers([0.05, -1, -1], (share) => [5e12 * share, 0])).toEqual(['open', 0]);
    expect(answers([0.1, 1, -0.2], (share) => [0, 1e13 * share])).toEqual(['open', 1]);
  });

  it('where rounding hides a side, by the sizes in the polygon alone, which are asked for only then', () => {
    const reading = { z: Float64Array.of(-0.05, 1, 1), sizes: Float64Array.of(6e12, 7) };
    const states = new Int32Array(1);
    const here = decideAll(relu, reading, triangle(), states, () => Float64Array.of(4e12, 8));
    expect([here.open, here.reading.sizes]).toEqual([[0], Float64Array.of(4e12, 7)]);
    // Sizes that have overflowed say nothing.
    const none = decideAll(relu, reading, triangle(), states, () => Float64Array.of(Number.NaN, Number.NaN));
    expect([none.open, none.reading.sizes, states[0]]).toEqual([[], reading.sizes, 1]);
    const unasked = (...of: readonly (readonly number[])[]) => {
      const [z, sizes] = of.map((entries) => Float64Array.from(entries));
      const never = () => {
        throw new Error('asked for without need');
      };
      return decideAll(relu, { z: z!, sizes: sizes! }, triangle(), states, never).open;
    };
    expect(unasked([-0.05, 1, 1], [4e12, 0])).toEqual([0]);
    // What is too near to zero without rounding as well.
    expect(unasked([0, 1, 1], [4e12, 0])).toEqual([]);
    expect(unasked([-1, 1 + 1e-11, -1], [4e3, 0])).toEqual([]);
  });

  it('at infinity by the slope alone', () => {
    const corners = [pointAt(0, 0), directionOf(1, 0), directionOf(0, 1)];
    const quadrant = { corners, edges: corners.map((corner, i) => edgeBetween(corner, corners[(i + 1) % 3]!)) };
    expect(decided(relu, [[1, 1, 1]], quadrant)).toBe(1);
    expect(decided(relu, [[1, 1, -1e-3]], quadrant)).toBe('open');
    // However large the constant was, it does not blur a direction.
    expect(decided(relu, [[1, 1, 1]], quadrant, [1e13, 0])).toBe(1);
    expect(decided(relu, [[1, 1, -1e-3]], quadrant, [1e13, 0])).toBe('open');
  });
});

describe('a window has one winner in a polygon', () => {
  it('where one member is nowhere less, the first of equals', () => {
    expect(decided(largest, [[0, 0, 0], [-0.1, 0, 0.05]])).toBe(0); // biome-ignore format: two functions
    expect(decided(largest, [[0, 0, 0], [0, 1, 0]])).toBe(1); // biome-ignore format: two functions
    expect(decided(largest, [[0, 0, 0], [0.05, -1, 0]])).toBe('open'); // biome-ignore format: two functions
    expect(decided(largest, [[3, 1, 2], [3, 1, 2]])).toBe(0); // biome-ignore format: two functions
  });

  it('where another leads in a corner by its blur or by rounding only, whichever of the two it was', () => {
    const functions = [[0, 0, 0], [0.05, -1, -1]] as const; // biome-ignore format: two functions
    expect([0.024, 0.026].map((blur) => decided(largest, functions, triangle(blur)))).toEqual(['open', 0]);
    for (const at of [0, 1]) {
      const sizes = (share: number) => [0, 0, 0, 0].with(at, 5e12 * share);
      expect([0.9, 1.1].map((share) => decided(largest, functions, triangle(), sizes(share)))).toEqual(['open', 0]);
      // The second member leads in the second corner, by 0.05.
      const aside = [[0, 0, 0], [-0.1, 0.15, -0.3]] as const; // biome-ignore format: two functions
      const slopes = (share: number) => [0, 0, 0, 0].with(2 + at, 5e12 * share);
      expect([0.9, 1.1].map((share) => decided(largest, aside, triangle(), slopes(share)))).toEqual(['open', 0]);
    }
  });
});
