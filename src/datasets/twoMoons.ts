import { checkKeys, checkNonNegative, checkWhole } from '../core/check';
import { createRng } from '../core/rng';

/** How {@link twoMoons} draws its points. */
export interface TwoMoonsOptions {
  /** Number of points in both moons together. @defaultValue 400 */
  readonly points?: number;
  /** Standard deviation of the Gaussian noise on each coordinate, in units of the box [0, 1]. @defaultValue 0.02 */
  readonly noise?: number;
  /** Seed of the points. @defaultValue 0 */
  readonly seed?: string | number;
}

/** Points of the plane with their classes. */
export interface TwoMoons {
  /** Coordinates in [0, 1], row-major: point i is `x[2 * i]`, `x[2 * i + 1]`. */
  readonly x: Float32Array;
  /** Class of each point, 0 or 1, taking turns. */
  readonly y: Int32Array;
}

/**
 * Draws two interleaved half circles, toy data for pictures of the plane, well inside the box [0, 1]^2.
 *
 * With t uniform on [0, pi], class 0 is (cos t, sin t) and class 1 is (1 - cos t, 1/2 - sin t); together they span
 * [-1, 2] x [-1/2, 1], which is stretched to [0.2, 0.8] x [0.2, 0.8]. Then comes the noise, and the few points that it
 * pushes over the edge of [0, 1]^2 are moved back to the edge. Shape after `make_moons` of scikit-learn, which spaces t
 * evenly and does not rescale.
 *
 * @throws OverconfidenceError `INVALID_OPTION` if `points` is not a whole number >= 2 or `noise` is negative.
 *
 * @example
 * ```ts
 * import { twoMoons } from 'relu-overconfidence/datasets';
 *
 * const { x, y } = twoMoons({ points: 200, noise: 0.02, seed: 1 });
 * console.log(x.length, y.length); // 400 200
 * ```
 */
export function twoMoons(options: TwoMoonsOptions = {}): TwoMoons {
  checkKeys({ fn: 'twoMoons', argument: 'options' }, options, { points: true, noise: true, seed: true });
  const { points = 400, noise = 0.02, seed = 0 } = options;
  checkWhole({ fn: 'twoMoons', argument: 'points' }, points, 2);
  checkNonNegative({ fn: 'twoMoons', argument: 'noise' }, noise);
  const rng = createRng(seed);
  const x = new Float32Array(2 * points);
  const y = Int32Array.from({ length: points }, (_, i) => i % 2);
  for (const [i, label] of y.entries()) {
    const t = Math.PI * rng.uniform();
    const across = label === 0 ? Math.cos(t) : 1 - Math.cos(t);
    const up = label === 0 ? Math.sin(t) : 0.5 - Math.sin(t);
    x[2 * i] = clip(0.2 + (0.6 * (across + 1)) / 3 + noise * rng.normal());
    x[2 * i + 1] = clip(0.2 + (0.6 * (up + 0.5)) / 1.5 + noise * rng.normal());
  }
  return { x, y };
}

function clip(v: number): number {
  return Math.min(1, Math.max(0, v));
}
