import { checkFraction, refuse, show, type Where } from '../core/check';
import { checkConfidences, checkScores } from '../metrics/checkScores';

/** One curve of a `rayPlot`. */
export interface RayCurve {
  /** What the legend calls it. */
  readonly name: string;
  /** Positions along the ray, finite, in ascending order. */
  readonly alphas: ArrayLike<number>;
  /** Largest softmax probability at each alpha, in [0, 1]. */
  readonly confidences: ArrayLike<number>;
  /** What the confidence tends to, in [0, 1]: 1 for most rays through a ReLU network, 1/K for an RBF network. */
  readonly limit?: number;
}

/** Refuses curves that cannot be drawn; on a logarithmic scale alphas must be positive. */
export function checkRays(fn: string, rays: readonly RayCurve[], scale: 'log' | 'linear'): void {
  const where = { fn, argument: 'rays' };
  const fix = 'Pass for example [{ name, alphas, confidences }].';
  if (!Array.isArray(rays)) refuse(where, 'INVALID_ARGUMENT', 'an array of curves', show(rays), fix);
  if (rays.length === 0) refuse(where, 'EMPTY_INPUT', 'at least one curve', 'an empty array', fix);
  for (const [i, ray] of rays.entries()) {
    const at = (name: keyof RayCurve) => ({ fn, argument: `rays[${i}].${name}` });
    if (typeof ray?.name !== 'string') refuse(at('name'), 'INVALID_ARGUMENT', 'a text', show(ray?.name), fix);
    checkAlphas(at('alphas'), ray.alphas, scale);
    checkConfidences(at('confidences'), ray.confidences);
    if (ray.confidences.length !== ray.alphas.length)
      refuse(
        at('confidences'),
        'INVALID_SHAPE',
        `one for each of ${ray.alphas.length} alphas`,
        `${ray.confidences.length}`,
        'Compute both from the same list.',
      );
    if (ray.limit !== undefined) checkFraction(at('limit'), ray.limit);
  }
}

function checkAlphas(where: Where, alphas: ArrayLike<number>, scale: 'log' | 'linear'): void {
  checkScores(where, alphas);
  for (let i = 0; i < alphas.length; i++) {
    const alpha = alphas[i]!;
    if (!Number.isFinite(alpha))
      refuse(where, 'NON_FINITE', 'finite', `${alpha} at index ${i}`, 'Draw the limit at infinity with `limit`.');
    if (scale === 'log' && alpha <= 0)
      refuse(where, 'INVALID_ARGUMENT', '> 0', `${alpha} at index ${i}`, "Begin later, or set scale: 'linear'.");
    if (i > 0 && alpha < alphas[i - 1]!)
      refuse(where, 'INVALID_ARGUMENT', 'in ascending order', `${alpha} after ${alphas[i - 1]}`, 'Sort the points.');
  }
}
