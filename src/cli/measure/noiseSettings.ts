import { defaultEpsilon } from '../../attacks/attackDefaults';
import { maxConfidenceAttack } from '../../attacks/maxConfidenceAttack';
import { pgdLinf } from '../../attacks/pgdLinf';
import { imageOf } from '../../classifier/inputFacts';
import { multiplyAdds } from '../../classifier/multiplyAdds';
import { sizeOf } from '../../classifier/net/build';
import type { Classifier } from '../../classifier/types';
import { isPair } from '../../core/bounds';
import type { OodAttackSettings } from '../../evaluation/oodAttacks';
import type { AdversarialNoiseSettings, OodOptions } from '../../evaluation/oodOptions';
import type { OodProtocol } from '../../evaluation/oodReport';
import type { NoiseSampler } from '../../noise/options';
import { paperNoise, samplerFor } from '../../noise/paperNoise';
import { paperSampler } from '../../noise/paperSampler';
import { uniformNoise } from '../../noise/uniformNoise';
import type { Values } from '../args/options';
import { number, oneOf, seedOf, text, whole } from '../args/read';
import { CliError } from '../cliError';
import { LARGE } from './rays';

/** Images drawn, and attacked, at a time; so long Ctrl-C may have to wait. */
const BATCH = 25;

/** How much is measured where nobody says. */
interface Counts {
  /** Images of each kind of noise. */
  readonly samples: number;
  readonly attacked: number;
  readonly rays: number | undefined;
}

/** Multiplications in a pass up to which a model is measured in full: those of a MobileNetV2 of 224 x 224 pixels, and some more. */
const VERY_LARGE = 400_000_000;
/** Values of an input from which on a model is taken for large where its multiplications are not known. */
const MANY_VALUES = 50_000;

/**
 * What an audit takes where nobody says; `--quick` about a tenth, and a model that is larger than most less, so that it does not last
 * longer than others. By the size of the model and not by the clock, so that a command has the same result everywhere.
 */
export function usualCounts(net: Classifier, values: Values): Counts {
  const products = multiplyAdds(net);
  const share = Math.min(1, VERY_LARGE / (products ?? 1));
  const of = (count: number, least: number) => Math.max(least, Math.round(count * share));
  if (values.quick !== true) return { samples: of(1000, 100), attacked: worst(values) ?? of(200, 20), rays: undefined };
  const large = products === undefined ? sizeOf(net.inputShape) > MANY_VALUES : products > LARGE;
  return large ? { samples: of(50, 10), attacked: of(8, 2), rays: of(2, 0) } : { samples: 100, attacked: 20, rays: 10 };
}

/** What to know of how many images there are. */
export function countNotes(command: 'audit' | 'evaluate', net: Classifier, values: Values): string[] {
  if (values.quick === true)
    return ['A first look (--quick): few images, so error bars are wide; without it there are some ten times as many.'];
  const products = multiplyAdds(net) ?? 0;
  const given = ['samples', 'attacked', 'protocol'].some((option) => text(values, option) !== undefined);
  if (command === 'evaluate' || given || products <= VERY_LARGE) return [];
  const { samples, attacked } = usualCounts(net, values);
  const size = `${(products / 1e9).toPrecision(2)} billion multiplications an image`;
  return [
    `Of so large a model (${size}) ${samples} images of each noise, and ${attacked} attacked, instead of 1000 and 200: --samples and --attacked take more.`,
  ];
}

type Rows = Omit<OodOptions, 'in' | 'out'>;

/** What an audit measures: kinds of noise one by one, and the strongest attack on the smoothest of them. */
export function auditRows(net: Classifier, values: Values, data: boolean): Rows {
  const { bounds } = net;
  const uniform: NoiseSampler = (images, rng) => uniformNoise(images.shape, { rng, bounds });
  const smooth = imageOf(net) ? paperSampler({ bounds, permutedFraction: 0 }) : undefined;
  const permuted =
    data && isPaperShape(net)
      ? paperSampler({ bounds, image: imageOf(net) !== undefined, permutedFraction: 1 })
      : undefined;
  const usual = usualCounts(net, values);
  const attacked = whole(values, 'attacked', usual.attacked, 0);
  return {
    ...common(values),
    noise: {
      'uniform noise': uniform,
      ...(smooth && { 'smooth noise': smooth }),
      ...(permuted && { 'permuted noise': permuted }),
    },
    noiseSamples: whole(values, 'samples', usual.samples),
    adversarialNoise: attacked > 0 && {
      ...attackOf(net, values, 'max-confidence', { 'max-confidence': 20, pgd: 200 }),
      start: smooth ?? uniform,
      samples: attacked,
    },
    adversarialSamples: false,
  };
}

/** What an evaluation measures: Table 1 of the paper, with its attacks. `available` is the number of labelled images. */
export function evaluationRows(net: Classifier, values: Values, available: number): Rows {
  const { bounds } = net;
  const noise: NoiseSampler = isPaperShape(net)
    ? samplerFor(paperNoise, net)
    : (images, rng) => uniformNoise(images.shape, { rng, bounds });
  const usual =
    values.quick === true ? usualCounts(net, values) : { samples: available, attacked: worst(values) ?? 1000 };
  const attacked = whole(values, 'attacked', Math.min(available, usual.attacked), 0);
  const adversarialNoise: AdversarialNoiseSettings = {
    ...attackOf(net, values, 'pgd', { 'max-confidence': 20, pgd: 200 }),
    start: noise,
    samples: attacked,
  };
  const adversarialSamples: OodAttackSettings = {
    ...attackOf(net, values, 'pgd', { 'max-confidence': 20, pgd: 80 }),
    samples: Math.min(attacked, available),
  };
  return {
    ...common(values),
    noise,
    noiseSamples: whole(values, 'samples', usual.samples),
    adversarialNoise: attacked > 0 && adversarialNoise,
    adversarialSamples: attacked > 0 && protocolOf(values) === 'paper' && adversarialSamples,
  };
}

/** Images attacked of each row in the worst case, where nobody says. */
const WORST_ATTACKED = 100;

/** The columns of attacks, with `labelled` data on the in side too. */
export function columnSettings(
  net: Classifier,
  values: Values,
  labelled: number,
): Pick<OodOptions, 'protocol' | 'attackedOut' | 'attackedIn'> {
  const protocol = protocolOf(values);
  const samples = whole(values, 'attacked-out', protocol === 'worst-case' ? WORST_ATTACKED : 0, 0);
  const attack = attackOf(net, values, 'max-confidence', { 'max-confidence': 20, pgd: 200 });
  return {
    protocol,
    attackedOut: samples > 0 && { ...attack, samples },
    attackedIn: samples > 0 &&
      protocol === 'worst-case' &&
      labelled > 0 && { ...attack, samples: Math.min(samples, labelled) },
  };
}

function worst(values: Values): number | undefined {
  return protocolOf(values) === 'worst-case' ? WORST_ATTACKED : undefined;
}

export function protocolOf(values: Values): OodProtocol {
  return oneOf(values, 'protocol', ['paper', 'worst-case'] as const, 'paper');
}

type AttackName = 'max-confidence' | 'pgd';

function attackOf(
  { bounds }: Classifier,
  values: Values,
  usual: AttackName,
  steps: Record<AttackName, number>,
): OodAttackSettings {
  const name = oneOf(values, 'attack', ['max-confidence', 'pgd'] as const, usual);
  const epsilon = number(values, 'epsilon', defaultEpsilon(bounds), 1e-9, isPair(bounds) ? bounds[1] - bounds[0] : 1);
  if (protocolOf(values) === 'worst-case') {
    if (text(values, 'attack') !== undefined)
      throw new CliError('--protocol worst-case takes the strongest of several attacks.', 'Leave --attack out.');
    return { epsilon, steps: whole(values, 'steps', 500) };
  }
  return {
    attack: name === 'pgd' ? pgdLinf : maxConfidenceAttack,
    epsilon,
    steps: whole(values, 'steps', steps[name]),
  };
}

function common(values: Values) {
  return { seed: seedOf(values), attackBatchSize: BATCH, batchSize: 4 * BATCH };
}

/** Whether the paper's noise is defined for inputs of this shape: that of images and vectors. */
function isPaperShape({ inputShape }: Classifier): boolean {
  return inputShape.length <= 3;
}
