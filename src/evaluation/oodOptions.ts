import type * as tf from '@tensorflow/tfjs-core';
import { type AttackReach, attackDefaults } from '../attacks/attackDefaults';
import { attackName } from '../attacks/attackTable';
import { pgdLinf } from '../attacks/pgdLinf';
import type { Attack } from '../attacks/types';
import { type DataLike, labelledData } from '../classifier/labelledData';
import type { Classifier } from '../classifier/types';
import { checkFunction, checkPositive, checkWhole, refuse, show } from '../core/check';
import { checkKeys, type KeysOf } from '../core/checkKeys';
import type { Progress } from '../core/progress';
import type { NoiseSampler } from '../noise/noiseSampler';
import { paperNoise, samplerFor } from '../noise/paperNoise';
import type { UsedAttack, UsedSettings } from './oodReport';

const fn = 'evaluateOod';

/** Name of the row of the in-distribution test set. */
export const IN_DISTRIBUTION = 'in-distribution';
/** Name of the row of noise when the caller gives no names. */
export const NOISE = 'noise';
/** Name of the row of attacked noise. */
export const ADVERSARIAL_NOISE = 'adversarial noise';
/** Name of the row of attacked in-distribution images. */
export const ADVERSARIAL_SAMPLES = 'adversarial samples';

/** How images are attacked. */
export interface OodAttackSettings {
  /** Radius of the ball around each image, in input units. @defaultValue 0.3 of the width of the bounds */
  readonly epsilon?: number;
  /**
   * Length of a step, in input units. @defaultValue epsilon / 40 from 40 steps on (0.0075 for epsilon 0.3, as in the paper),
   * 2.5 epsilon / steps below; attacks that have none choose it themselves
   */
  readonly stepSize?: number;
  /** Steps per restart. @defaultValue 200 for adversarial noise, 80 for adversarial samples */
  readonly steps?: number;
  /** Independent starts per image. @defaultValue 1 */
  readonly restarts?: number;
  /** Images attacked. @defaultValue the number of in-distribution images, 1000 at most */
  readonly samples?: number;
  /** The attack; {@link pgdLinf}, a relative, or a function of the same form. @defaultValue pgdLinf */
  readonly attack?: Attack;
}

/** How adversarial noise is made. */
export interface AdversarialNoiseSettings extends OodAttackSettings {
  /** Draws the noise that the attack starts from. @defaultValue the paper's noise, see {@link paperNoise} */
  readonly start?: NoiseSampler;
}

/** What {@link evaluateOod} is asked to do. */
export interface OodOptions {
  /** The in-distribution test set. */
  readonly in: DataLike;
  /** Out-distribution test sets by the name of their row, each `[N, ...inputShape]` within the bounds. @defaultValue none */
  readonly out?: Readonly<Record<string, tf.Tensor>>;
  /**
   * Rows of noise: `true` for the paper's noise under the name 'noise', a sampler for another noise under that name,
   * samplers by name for several rows, `false` for none. @defaultValue true
   */
  readonly noise?: boolean | NoiseSampler | Readonly<Record<string, NoiseSampler>>;
  /** Images drawn for each row of noise. @defaultValue the number of in-distribution images */
  readonly noiseSamples?: number;
  /** Noise attacked towards high confidence; `false` leaves the row out. @defaultValue true, with the paper's settings */
  readonly adversarialNoise?: boolean | AdversarialNoiseSettings;
  /**
   * In-distribution images attacked away from their class; `false` leaves the row out. @defaultValue true, with the
   * paper's settings for MNIST; its other data sets have `epsilon: 0.1`
   */
  readonly adversarialSamples?: boolean | OodAttackSettings;
  /** Seed of all random numbers; the same seed and `attackBatchSize` give the same report. @defaultValue 0 */
  readonly seed?: string | number;
  /** Images per forward pass over the data sets. @defaultValue 256 */
  readonly batchSize?: number;
  /** Images of noise drawn, and images attacked, at a time. @defaultValue 100 */
  readonly attackBatchSize?: number;
  /**
   * Bytes that the tensors of a forward pass or a gradient may take; a batch for which they are too few is worked through in
   * parts, with the same result. @defaultValue half of what the backend or the machine has
   */
  readonly memory?: number;
  /** Whether the rows of the report keep the score of every image, for plots and other metrics. @defaultValue false */
  readonly keepScores?: boolean;
  /**
   * Called after every batch and every step of an attack with the row being worked on and the time left. Work is counted
   * in forward passes of one image; a gradient counts as three. @defaultValue none
   */
  readonly onProgress?: (progress: Progress) => void;
  /** Stops the work: the promise is then rejected with `ABORTED`. @defaultValue none */
  readonly signal?: AbortSignal;
}

/** An attack with every setting known. */
export type ResolvedAttack = Required<Omit<OodAttackSettings, 'stepSize'>> & AttackReach;

/** A row of noise, and the option that its sampler came from. */
export interface NoiseRow {
  readonly name: string;
  readonly argument: string;
  readonly sampler: NoiseSampler;
}

/** The options of `evaluateOod` with every default filled in. */
export interface ResolvedOptions {
  readonly out: readonly (readonly [string, tf.Tensor])[];
  readonly noise: readonly NoiseRow[];
  readonly noiseSamples: number;
  readonly adversarialNoise: (ResolvedAttack & { readonly start: NoiseSampler }) | undefined;
  readonly adversarialSamples: ResolvedAttack | undefined;
  readonly seed: string | number;
  readonly batchSize: number;
  readonly attackBatchSize: number;
  readonly memory: number | undefined;
  readonly keepScores: boolean;
}

const KEYS: KeysOf<OodOptions> = {
  in: true,
  out: true,
  noise: true,
  noiseSamples: true,
  adversarialNoise: true,
  adversarialSamples: true,
  seed: true,
  batchSize: true,
  attackBatchSize: true,
  memory: true,
  keepScores: true,
  onProgress: true,
  signal: true,
};
const ATTACK_KEYS: KeysOf<OodAttackSettings> = {
  epsilon: true,
  stepSize: true,
  steps: true,
  restarts: true,
  samples: true,
  attack: true,
};

/** Checks the names of all options; what they hold is checked later. */
export function checkOptionKeys(options: OodOptions): void {
  checkKeys({ fn, argument: 'options' }, options, KEYS);
  const { adversarialNoise = true, adversarialSamples = true } = options;
  if (typeof adversarialNoise !== 'boolean')
    checkKeys({ fn, argument: 'adversarialNoise' }, adversarialNoise, { ...ATTACK_KEYS, start: true });
  if (typeof adversarialSamples !== 'boolean')
    checkKeys({ fn, argument: 'adversarialSamples' }, adversarialSamples, ATTACK_KEYS);
}

/** Checks everything about the options that can be told without looking into tensors, and fills in the defaults. */
export function resolveOptions(options: OodOptions, net: Classifier): ResolvedOptions {
  const available = labelledData({ fn, argument: 'in' }, options.in).x.shape[0]!;
  const { noiseSamples = available, seed = 0, batchSize = 256, attackBatchSize = 100 } = options;
  const { memory, keepScores = false } = options;
  for (const [argument, value] of Object.entries({ noiseSamples, batchSize, attackBatchSize }))
    checkWhole({ fn, argument }, value);
  if (memory !== undefined) checkPositive({ fn, argument: 'memory' }, memory);
  if (options.onProgress !== undefined) checkFunction({ fn, argument: 'onProgress' }, options.onProgress);
  const paper = samplerFor(paperNoise, net);
  const out = Object.entries(options.out ?? {});
  const noise = resolveNoise(options.noise ?? true, paper, net);
  const adversarialNoise = resolveAdversarialNoise(options.adversarialNoise ?? true, available, net, paper);
  const adversarialSamples = resolveAdversarialSamples(options.adversarialSamples ?? true, available, net);
  checkNames(out, noise);
  return {
    out,
    noise,
    noiseSamples,
    adversarialNoise,
    adversarialSamples,
    seed,
    batchSize,
    attackBatchSize,
    memory,
    keepScores,
  };
}

function resolveNoise(noise: NonNullable<OodOptions['noise']>, paper: NoiseSampler, net: Classifier): NoiseRow[] {
  if (noise === false) return [];
  if (noise === true) return [{ name: NOISE, argument: 'noise', sampler: paper }];
  if (typeof noise === 'function') return [{ name: NOISE, argument: 'noise', sampler: samplerFor(noise, net) }];
  return Object.entries(noise).map(([name, sampler]) => {
    checkFunction({ fn, argument: `noise.${name}` }, sampler);
    return { name, argument: `noise.${name}`, sampler: samplerFor(sampler, net) };
  });
}

function resolveAdversarialNoise(
  settings: boolean | AdversarialNoiseSettings,
  available: number,
  net: Classifier,
  paper: NoiseSampler,
) {
  const attack = resolveAttack('adversarialNoise', settings, 200, available, net);
  if (attack === undefined) return undefined;
  const { start = paper } = settings === true || settings === false ? {} : settings;
  checkFunction({ fn, argument: 'adversarialNoise.start' }, start);
  return { ...attack, start: samplerFor(start, net) };
}

function resolveAdversarialSamples(settings: boolean | OodAttackSettings, available: number, net: Classifier) {
  const attack = resolveAttack('adversarialSamples', settings, 80, available, net);
  if (attack !== undefined && attack.samples > available)
    refuse(
      { fn, argument: 'adversarialSamples.samples' },
      'INVALID_OPTION',
      `at most the number of in-distribution images (${available})`,
      show(attack.samples),
      'Leave it out to attack as many as there are, 1000 at most.',
    );
  return attack;
}

function resolveAttack(
  option: string,
  settings: boolean | OodAttackSettings,
  paperSteps: number,
  available: number,
  { bounds }: Classifier,
): ResolvedAttack | undefined {
  if (settings === false) return undefined;
  const given = settings === true ? {} : settings;
  const { steps = paperSteps, restarts = 1, samples = Math.min(available, 1000), attack = pgdLinf } = given;
  for (const name of ['epsilon', 'stepSize'] as const)
    if (given[name] !== undefined) checkPositive({ fn, argument: `${option}.${name}` }, given[name]);
  checkWhole({ fn, argument: `${option}.steps` }, steps);
  checkWhole({ fn, argument: `${option}.restarts` }, restarts);
  checkWhole({ fn, argument: `${option}.samples` }, samples);
  checkFunction({ fn, argument: `${option}.attack` }, attack);
  // An attack of the caller's own has the defaults of `pgdLinf`.
  return { ...attackDefaults(attackName(attack) ?? 'pgdLinf', bounds, { ...given, steps }), restarts, samples, attack };
}

/** Row names are what reports are joined by, so each may occur once. */
function checkNames(out: ResolvedOptions['out'], noise: ResolvedOptions['noise']): void {
  const taken = new Set([IN_DISTRIBUTION, ADVERSARIAL_NOISE, ADVERSARIAL_SAMPLES]);
  const claim = (argument: string, name: string) => {
    if (taken.has(name))
      refuse({ fn, argument }, 'INVALID_OPTION', 'under names that no other row has', show(name), 'Rename that row.');
    taken.add(name);
  };
  for (const [name] of out) claim('out', name);
  for (const { name } of noise) claim('noise', name);
}

/** The settings as a report tells them. */
export function usedSettings({ seed, attackBatchSize, noiseSamples, ...rest }: ResolvedOptions): UsedSettings {
  return {
    seed,
    attackBatchSize,
    noiseSamples,
    adversarialNoise: usedAttack(rest.adversarialNoise),
    adversarialSamples: usedAttack(rest.adversarialSamples),
  };
}

function usedAttack(settings: ResolvedAttack | undefined): UsedAttack | null {
  if (settings === undefined) return null;
  const { attack, epsilon, stepSize = null, steps, reach, restarts, samples } = settings;
  return { attack: attack.name, epsilon, stepSize, steps, reach, restarts, samples };
}
