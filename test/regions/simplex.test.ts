import { describe, expect, it } from 'vitest';
import { simplex } from '../../src/regions/region/simplex';

describe('simplex', () => {
  it('ends where the steepest choice goes round in circles (found by a random search)', () => {
    // Five variables >= 0 under three conditions with right side 0: every corner is the origin.
    const conditions = [
      [-9, -5, -3, -3, 6],
      [-17, 15, -8, 0.5, -19],
      [-20, -18, -19, 9, -9],
    ];
    const signs = [0, 1, 2, 3, 4].map((i) => [0, 1, 2, 3, 4].map((j) => (i === j ? -1 : 0)));
    const rows = Float64Array.from([...signs, ...conditions].flat());
    const objective = Float64Array.of(5, -9.5, -1, -5, -5);
    // Along (1, 0, 0, 0, 0) all conditions hold and the objective grows.
    expect(conditions.every((row) => row[0]! <= 0)).toBe(true);
    expect(simplex({ objective, rows, bounds: new Float64Array(8) })).toBe(undefined);
    const bounds = Float64Array.from([0, 0, 0, 0, 0, 0, 0, 0, 2]);
    const bounded = Float64Array.from([...rows, 1, 0, 0, 0, 0]);
    expect(simplex({ objective, rows: bounded, bounds })?.value).toBeCloseTo(10, 9);
  });

  it('finds the best corner of small programs, as going through all corners does', () => {
    let state = 7;
    const draw = () => {
      state = (state * 1664525 + 1013904223) % 2 ** 32;
      return Math.round((state / 2 ** 32) * 10 - 5);
    };
    for (let trial = 0; trial < 200; trial++) {
      const lines = [
        [1, 0, 9],
        [-1, 0, 9],
        [0, 1, 9],
        [0, -1, 9],
        ...Array.from({ length: 5 }, () => [draw(), draw(), Math.abs(draw())]),
      ];
      const objective = [draw(), draw()];
      let best = Number.NEGATIVE_INFINITY;
      for (const [i, [a, b, c]] of lines.entries())
        for (const [d, e, f] of lines.slice(i + 1)) {
          const det = a! * e! - b! * d!;
          if (det === 0) continue;
          const [x, y] = [(c! * e! - b! * f!) / det, (a! * f! - c! * d!) / det];
          if (lines.every(([p, q, r]) => p! * x + q! * y <= r! + 1e-9))
            best = Math.max(best, objective[0]! * x + objective[1]! * y);
        }
      const found = simplex({
        objective: Float64Array.from(objective),
        rows: Float64Array.from(lines.flatMap(([p, q]) => [p!, q!])),
        bounds: Float64Array.from(lines, ([, , r]) => r!),
      });
      expect(found!.value).toBeCloseTo(best, 9);
      expect(objective[0]! * found!.u[0]! + objective[1]! * found!.u[1]!).toBeCloseTo(best, 9);
    }
  });
});
