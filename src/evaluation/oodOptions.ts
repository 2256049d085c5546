import type * as tf from '@tensorflow/tfjs-core';
import { asClassifier } from '../classifier/asClassifier';
import { type DataLike, labelledData } from '../classifier/labelledData';
import type { Classifier, ModelLike } from '../classifier/types';
import type { Batches } from '../core/batches';
import {
  checkFunction,
  checkKeys,
  checkOneOf,
  checkPositive,
  checkWhole,
  type KeysOf,
  refuse,
  show,
} from '../core/check';
import type { Progress } from '../core/progress';
import type { NoiseSampler } from '../noise/options';
import { paperNoise, samplerFor } from '../noise/paperNoise';
import {
  ATTACK_KEYS,
  type AttackUsual,
  type OodAttackSettings,
  type OodDetector,
  type OodGuarantee,
  type ResolvedAttack,
  type ResolvedDetector,
  type ResolvedGuarantee,
  resolveAttack,
  resolveDetectors,
  resolveGuarantee,
} from './oodAttacks';
import {
  ADVERSARIAL_NOISE,
  ADVERSARIAL_SAMPLES,
  attackedBy,
  columnName,
  IN_DISTRIBUTION,
  NOISE,
  type OodProtocol,
} from './oodReport';

const fn = 'evaluateOod';

/** How adversarial noise is made. */
export interface AdversarialNoiseSettings extends OodAttackSettings {
  /** Draws the noise that the attack starts from. @defaultValue the paper's noise, see {@link paperNoise} */
  readonly start?: NoiseSampler;
}

/** What {@link evaluateOod} is asked to do. */
export interface OodOptions {
  /** The in-distribution test set, or batches of it one after the other: a tf.data Dataset or an async iterable. */
  readonly in: DataLike | Batches<DataLike>;
  /**
   * Out-distribution test sets by the name of their row, each `[N, ...inputShape]` within the bounds, or batches of such, with or without
   * labels. @defaultValue none
   */
  readonly out?: Readonly<Record<string, tf.Tensor | Batches<tf.Tensor | DataLike>>>;
  /**
   * Rows of noise: `true` for the paper's noise under the name 'noise', a sampler for another noise under that name,
   * samplers by name for several rows, `false` for none. @defaultValue true
   */
  readonly noise?: boolean | NoiseSampler | Readonly<Record<string, NoiseSampler>>;
  /** Images drawn for each row of noise. @defaultValue the number of in-distribution images, of a stream of those that are kept */
  readonly noiseSamples?: number;
  /** Noise attacked towards high confidence; `false` leaves the row out. @defaultValue true, with the paper's settings */
  readonly adversarialNoise?: boolean | AdversarialNoiseSettings;
  /**
   * In-distribution images attacked away from their class; `false` leaves the row out. @defaultValue true, with the
   * paper's settings for MNIST; its other data sets have `epsilon: 0.1`
   */
  readonly adversarialSamples?: boolean | OodAttackSettings;
  /**
   * How hard is attacked. `'paper'`: one attack. `'worst-case'`: for each image the strongest of {@link maxConfidenceAttack}, of
   * {@link apgdLinf} from 5 starts, 500 steps each, and of a transfer attack where there is `transferFrom`; then `attackedOut` and `attackedIn`
   * are true unless told otherwise, and `adversarialSamples`, which are about the class, false. @defaultValue 'paper'
   */
  readonly protocol?: OodProtocol;
  /** A second model of the same inputs: what fools it is tried on the first, in the worst case. @defaultValue none */
  readonly transferFrom?: ModelLike;
  /**
   * Attacks the images of every row of `out` and noise towards high confidence, for its `attackedAuroc` (AAUC). The attack maximises the
   * log-odds of the predicted class. @defaultValue false; of the worst case true
   */
  readonly attackedOut?: boolean | OodAttackSettings;
  /**
   * Attacks in-distribution images towards low confidence, for the `inAttackedAuroc` of the other rows. @defaultValue false; of
   * the worst case true
   */
  readonly attackedIn?: boolean | OodAttackSettings;
  /** What no attack on images of `out` and noise can exceed, for `guaranteedAuroc` (GAUC). @defaultValue none */
  readonly guarantee?: OodGuarantee;
  /** Other scores by name, which every row is measured by too, and attacked by with `attackedOut`. @defaultValue none */
  readonly detectors?: Readonly<Record<string, OodDetector>>;
  /** Names of the sets of `out` that are near to the in-distribution; the others are then far. @defaultValue not told apart */
  readonly near?: readonly string[];
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

/** The same with all images in memory, or those that are kept of a stream. */
export type StoredOptions = Omit<OodOptions, 'in' | 'out'> & {
  readonly in: DataLike;
  readonly out?: Readonly<Record<string, tf.Tensor>>;
};

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
  readonly protocol: OodProtocol;
  readonly attackedOut: ResolvedAttack | undefined;
  readonly attackedIn: ResolvedAttack | undefined;
  readonly guarantee: ResolvedGuarantee | undefined;
  readonly detectors: readonly ResolvedDetector[];
  readonly near: readonly string[] | undefined;
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
  protocol: true,
  transferFrom: true,
  attackedOut: true,
  attackedIn: true,
  guarantee: true,
  detectors: true,
  near: true,
  seed: true,
  batchSize: true,
  attackBatchSize: true,
  memory: true,
  keepScores: true,
  onProgress: true,
  signal: true,
};
/** Checks the names of all options; what they hold is checked later. */
export function checkOptionKeys(options: OodOptions): void {
  checkKeys({ fn, argument: 'options' }, options, KEYS);
  const check = (argument: string, given: unknown, keys: Readonly<Record<string, true>>) => {
    if (given !== undefined && typeof given !== 'boolean') checkKeys({ fn, argument }, given as object, keys);
  };
  check('adversarialNoise', options.adversarialNoise, { ...ATTACK_KEYS, start: true });
  for (const option of ['adversarialSamples', 'attackedOut', 'attackedIn'] as const)
    check(option, options[option], ATTACK_KEYS);
  check('guarantee', options.guarantee, { bound: true, epsilon: true, samples: true });
}

/** Checks everything about the options that can be told without looking into tensors, and fills in the defaults. */
export function resolveOptions(
  options: StoredOptions,
  net: Classifier,
  /** Images of the in-distribution, where not all are passed. */
  images = labelledData({ fn, argument: 'in' }, options.in).x,
  available = images.shape[0]!,
): ResolvedOptions {
  const { noiseSamples = available, seed = 0, batchSize = 256, attackBatchSize = 100 } = options;
  const { memory, keepScores = false, protocol = 'paper', near } = options;
  for (const [argument, value] of Object.entries({ noiseSamples, batchSize, attackBatchSize }))
    checkWhole({ fn, argument }, value);
  if (memory !== undefined) checkPositive({ fn, argument: 'memory' }, memory);
  if (options.onProgress !== undefined) checkFunction({ fn, argument: 'onProgress' }, options.onProgress);
  checkOneOf({ fn, argument: 'protocol' }, protocol, ['paper', 'worst-case']);
  const worst = protocol === 'worst-case';
  const paper = samplerFor(paperNoise, net);
  const out = Object.entries(options.out ?? {});
  const noise = resolveNoise(options.noise ?? true, paper, net);
  const transfer = secondModel(options.transferFrom, images, net);
  const usual: AttackUsual = { protocol, transfer, steps: 200, images: undefined, samples: available };
  const noiseAttack = resolveAttack('adversarialNoise', options.adversarialNoise ?? true, net, usual);
  const stored = { ...usual, images: available };
  const { attackedOut: outSide = worst, attackedIn: inSide = worst, adversarialSamples: samples = !worst } = options;
  const attackedOut = resolveAttack('attackedOut', outSide, net, { ...usual, samples: 1000 });
  const detectors = resolveDetectors(options.detectors, images);
  checkNames(out, noise, detectors);
  if (near !== undefined) checkNear(near, out);
  return {
    out,
    noise,
    noiseSamples,
    adversarialNoise: noiseAttack && { ...noiseAttack, start: startOf(options.adversarialNoise, paper, net) },
    adversarialSamples: resolveAttack('adversarialSamples', samples, net, { ...stored, protocol: 'paper', steps: 80 }),
    protocol,
    attackedOut,
    attackedIn: resolveAttack('attackedIn', inSide, net, stored),
    guarantee: resolveGuarantee(options.guarantee, attackedOut, net),
    detectors,
    near,
    seed,
    batchSize,
    attackBatchSize,
    memory,
    keepScores,
  };
}

/** The model whose adversarial images are tried on the first. */
function secondModel(model: ModelLike | undefined, images: tf.Tensor, net: Classifier): Classifier | undefined {
  if (model === undefined) return undefined;
  const second = asClassifier(fn, model, images);
  if (String(second.inputShape) !== String(net.inputShape))
    refuse(
      { fn, argument: 'transferFrom' },
      'INVALID_SHAPE',
      `a model of the same inputs [${net.inputShape.join(', ')}]`,
      `one of inputs [${second.inputShape.join(', ')}]`,
      'Pass a model that takes the same images.',
    );
  return second;
}

/** What draws the noise that is attacked. */
function startOf(settings: OodOptions['adversarialNoise'], paper: NoiseSampler, net: Classifier): NoiseSampler {
  const { start = paper } = typeof settings === 'object' ? settings : {};
  checkFunction({ fn, argument: 'adversarialNoise.start' }, start);
  return samplerFor(start, net);
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

/** Near sets must be among those that there are. */
function checkNear(near: readonly string[], out: ResolvedOptions['out']): void {
  const where = { fn, argument: 'near' };
  const names = out.map(([name]) => name);
  if (!Array.isArray(near)) refuse(where, 'INVALID_OPTION', 'a list of names', show(near), 'Pass names of `out`.');
  for (const name of near)
    if (!names.includes(name))
      refuse(where, 'INVALID_OPTION', `names of \`out\` (${names.join(', ')})`, show(name), 'Correct it.');
}

/** Row names are what reports are joined by, so each may occur once. */
function checkNames(
  out: ResolvedOptions['out'],
  noise: ResolvedOptions['noise'],
  detectors: readonly ResolvedDetector[],
): void {
  const columns = ['attacked', 'guaranteed', ...detectors.flatMap(({ name }) => [name, attackedBy(name)])];
  const taken = new Set([
    IN_DISTRIBUTION,
    columnName(IN_DISTRIBUTION, 'attacked'),
    ADVERSARIAL_NOISE,
    ADVERSARIAL_SAMPLES,
  ]);
  const claim = (argument: string, name: string) => {
    for (const used of [name, ...columns.map((column) => columnName(name, column))]) {
      if (taken.has(used))
        refuse({ fn, argument }, 'INVALID_OPTION', 'under names that no other row has', show(name), 'Rename that row.');
      taken.add(used);
    }
  };
  for (const [name] of out) claim('out', name);
  for (const { name } of noise) claim('noise', name);
}
