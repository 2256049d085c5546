import { rowLogOdds } from '../../classifier/logOdds';
import { type Logits, readLogits } from '../../classifier/readLogits';
import type { Classifier, ModelLike } from '../../classifier/types';
import { checkKeys, checkPositive, type KeysOf, refuse } from '../../core/check';
import { type GrowthOptions, growthOf } from '../growth/logitGrowth';
import type { Cooled } from './cooledClassifier';
import { inputsOf, type TrainingInputs } from './inputs';
import { centreOf, displacementsFrom, horizonWithin, readPoints, withinHorizon } from './points';
import { type InputOptions, type SavedInputs, wrappedNet } from './wrappedNet';

/** How strong a temperature may be. */
export interface CalibrationOptions {
  /** By how much the mean confidence on the data may fall. Predicted classes never change. @defaultValue 0.01 */
  readonly tolerance?: number;
}

/** Options of a wrapper that cools. */
export interface CoolingOptions extends CalibrationOptions, GrowthOptions, InputOptions {}

const OPTIONS: KeysOf<CoolingOptions> = { tolerance: true, lipschitz: true, bounds: true };

/** A family of temperatures that rise with a strength. */
export interface CoolingFamily {
  readonly fn: string;
  /** What the temperature at a displacement from the centre depends on. */
  readonly size: (displacement: Float64Array) => number;
  readonly temperature: (strength: number, size: number) => number;
  /** Which root of the strength multiplies displacements: 2 or 3. */
  readonly root: number;
}

/** A model ready to be cooled, and how strongly. */
export interface FittedCooling {
  readonly cooled: Cooled;
  readonly strength: number;
}

/** Finds the centre of the data, and the largest strength at which the mean confidence there falls by no more than the tolerance. */
export async function fitCooled(
  { fn, size, temperature, root }: CoolingFamily,
  model: ModelLike,
  data: TrainingInputs,
  options: CoolingOptions,
): Promise<FittedCooling> {
  checkKeys({ fn, argument: 'options' }, options, OPTIONS);
  const { tolerance = 0.01, ...given } = options;
  checkPositive({ fn, argument: 'tolerance' }, tolerance);
  const x = inputsOf(fn, data);
  const net = wrappedNet(fn, model, { ...given, inputShape: x.shape.slice(1) });
  const where = { fn, argument: 'x' };
  const centre = centreOf(await readPoints(where, x, net.inputShape));
  const cooled = await cooledOf(fn, model, net, centre, given);
  const points = await readPoints(where, x, net.inputShape, cooled.horizon);
  const seen = withinHorizon(x, cooled.horizon);
  const logits = await readLogits(fn, net, seen, {}).finally(() => seen.dispose());
  const sizes = displacementsFrom(centre, points).map(size);
  const largest = EXPONENTS * root;
  const strength = calibrate({ fn, logits, tolerance, largest, temperature: (s, i) => temperature(s, sizes[i]!) });
  return { cooled, strength };
}

/** How fast the logits of a model grow around a centre, and up to where its inputs can be looked at. */
export async function cooledOf(
  fn: string,
  model: ModelLike,
  net: Classifier,
  centre: Float64Array,
  { lipschitz }: GrowthOptions,
): Promise<Cooled> {
  const growth = await growthOf(fn, model, net, centre, lipschitz === undefined ? {} : { lipschitz });
  return { net, centre, growth, horizon: horizonWithin(growth.reach, centre) };
}

/** What a saved wrapper that cools says of its model. */
export function savedInputs({ net, centre }: Cooled, { lipschitz }: GrowthOptions): SavedInputs & SavedCentre {
  return {
    inputShape: net.inputShape,
    bounds: net.bounds,
    centre: Array.from(centre),
    ...(lipschitz !== undefined && { lipschitz }),
  };
}

interface SavedCentre extends GrowthOptions {
  readonly centre: readonly number[];
}

/** What {@link calibrate} works on. */
interface Calibration {
  readonly fn: string;
  readonly logits: Logits;
  readonly tolerance: number;
  /** Strengths between 2^-largest and 2^largest are searched. */
  readonly largest: number;
  /** Temperature of example i at a strength, rising with the strength. */
  readonly temperature: (strength: number, example: number) => number;
}

const BISECTIONS = 100;
/** Float32 holds the roots of all strengths that are searched: they lie between 2^-125 and 2^125. */
const EXPONENTS = 125;

/** The largest strength at which the mean confidence has fallen by no more than the tolerance. */
function calibrate({ fn, logits, tolerance, largest, temperature }: Calibration): number {
  const fall = (strength: number) =>
    meanConfidence(logits, () => 1) - meanConfidence(logits, (i) => temperature(strength, i));
  const most = fall(2 ** largest);
  if (!(tolerance < most))
    refuse(
      { fn, argument: 'tolerance' },
      'INVALID_OPTION',
      `less than ${most}: no temperature lowers the mean confidence on the data further`,
      String(tolerance),
      'Allow less, or train the model first.',
    );
  let low = -largest;
  let high = largest;
  for (let n = 0; n < BISECTIONS; n++) {
    const middle = (low + high) / 2;
    if (fall(2 ** middle) <= tolerance) low = middle;
    else high = middle;
  }
  return 2 ** low;
}

function meanConfidence({ values, classes, count }: Logits, temperature: (i: number) => number): number {
  const row = new Float64Array(classes);
  let sum = 0;
  for (let i = 0; i < count; i++) {
    const t = temperature(i);
    for (let k = 0; k < classes; k++) row[k] = values[i * classes + k]! / t;
    sum += 1 / (1 + Math.exp(-rowLogOdds(row, 0, classes, 'softmax')));
  }
  return sum / count;
}
