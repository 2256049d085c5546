import { type Bounds, isPair } from '../core/bounds';
import { checkPositive, checkWhole } from '../core/check';

/** The attacks of this library. */
export type AttackName = 'pgdLinf' | 'pgdL2' | 'apgdLinf' | 'maxConfidenceAttack';

/** The settings that decide how far an attack gets. */
export interface AttackReach {
  /** Radius of the ball, in input units. */
  readonly epsilon: number;
  /** Gradient steps of each restart. */
  readonly steps: number;
  /** Length of one step, in input units; `undefined` for attacks that choose it themselves. */
  readonly stepSize: number | undefined;
  /**
   * Largest distance from its start that the steps of one restart can take a point, in input units and at most epsilon:
   * less than epsilon means that parts of the ball were out of reach, and that more or longer steps may find more.
   */
  readonly reach: number;
}

/** The paper's radius on MNIST, as a share of the width of the box. */
export function defaultEpsilon(bounds: Bounds): number {
  return 0.3 * widthOf(bounds);
}

/** The width of a box in the units of an attack's radius: where each feature has its own bounds, that is 1 width of each. */
function widthOf(bounds: Bounds): number {
  return isPair(bounds) ? bounds[1] - bounds[0] : 1;
}

/** The paper's number of steps, and the number into which it divides epsilon. */
const PAPER_STEPS = 40;
/** How often steps that are few go through the radius: they cross the ball and still settle (Madry et al., ICLR 2018). */
const CROSSINGS = 2.5;

/**
 * The one place where an attack's radius and steps come from; what is given wins.
 *
 * - epsilon: 0.3 of the width of the bounds; for `pgdL2` the whole width.
 * - steps: 40; for `maxConfidenceAttack` 20.
 * - step size of `pgdLinf`: epsilon / 40 from 40 steps on, as in all of the paper's protocols (40, 80 and 200 steps of 0.0075
 *   for epsilon 0.3), and 2.5 epsilon / steps below; of `pgdL2` 2.5 epsilon / steps. The other two have none.
 *
 * @throws OverconfidenceError `INVALID_OPTION` for a value out of range.
 */
export function attackDefaults(
  fn: AttackName,
  bounds: Bounds,
  given: { readonly epsilon?: number; readonly steps?: number; readonly stepSize?: number },
): AttackReach {
  const { epsilon = fn === 'pgdL2' ? widthOf(bounds) : defaultEpsilon(bounds) } = given;
  const { steps = fn === 'maxConfidenceAttack' ? 20 : PAPER_STEPS } = given;
  checkPositive({ fn, argument: 'epsilon' }, epsilon);
  checkWhole({ fn, argument: 'steps' }, steps);
  if (given.stepSize !== undefined) checkPositive({ fn, argument: 'stepSize' }, given.stepSize);
  if (fn === 'apgdLinf' || fn === 'maxConfidenceAttack') return { epsilon, steps, stepSize: undefined, reach: epsilon };
  const short = fn === 'pgdL2' || steps < PAPER_STEPS;
  const { stepSize = short ? (CROSSINGS * epsilon) / steps : epsilon / PAPER_STEPS } = given;
  // Forty times a fortieth may be an ulp less than the whole.
  const whole = steps * stepSize >= epsilon * (1 - 1e-9);
  return { epsilon, steps, stepSize, reach: whole ? epsilon : steps * stepSize };
}

/** From this share of images on whose gradients were all zero an attack has tried nothing. */
const BLIND_FROM = 0.9;

/** Whether an attack was blind: what it has not found is then not known to be missing. */
export function wasBlind(blindImages: number | null | undefined, images: number): boolean {
  const blind = blindImages ?? 0;
  return blind > 0 && blind >= BLIND_FROM * images;
}

/** What a sentence about an attack must add where its steps could not reach the edge of the ball; else `undefined`. */
export function reachInWords({ epsilon, steps, stepSize, reach }: AttackReach): string | undefined {
  // An attack of the user's own may not tell.
  if (reach === undefined || reach >= epsilon) return undefined;
  const short = (value: number) => String(Number(value.toPrecision(4)));
  const each = stepSize === undefined ? '' : ` of ${short(stepSize)}`;
  return `${steps} steps${each} reach no farther than ${short(reach)}, not epsilon ${short(epsilon)}`;
}
