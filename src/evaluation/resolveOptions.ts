import type * as tf from '@tensorflow/tfjs-core';
import { pgdLinf } from '../attacks/pgdLinf';
import { labelledData } from '../classifier/labelledData';
import type { Classifier } from '../classifier/types';
import { checkFunction, checkPositive, checkWhole, refuse, show } from '../core/check';
import type { NoiseSampler } from '../noise/noiseSampler';
import { paperSampler } from '../noise/paperSampler';
import type { AdversarialNoiseSettings, OodAttackSettings, OodOptions } from './oodOptions';
import { ADVERSARIAL_NOISE, ADVERSARIAL_SAMPLES, IN_DISTRIBUTION, NOISE } from './rowNames';

const fn = 'evaluateOod';

/** An attack with every setting known. */
export type ResolvedAttack = Required<OodAttackSettings>;

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
  readonly keepScores: boolean;
}

/** Checks everything about the options that can be told without looking into tensors, and fills in the defaults. */
export function resolveOptions(options: OodOptions, net: Classifier): ResolvedOptions {
  const available = labelledData({ fn, argument: 'in' }, options.in).x.shape[0]!;
  const { noiseSamples = available, seed = 0, batchSize = 256, attackBatchSize = 100, keepScores = false } = options;
  for (const [argument, value] of Object.entries({ noiseSamples, batchSize, attackBatchSize }))
    checkWhole({ fn, argument }, value);
  if (options.onProgress !== undefined) checkFunction({ fn, argument: 'onProgress' }, options.onProgress);
  const paper = paperSampler({ bounds: net.bounds });
  const out = Object.entries(options.out ?? {});
  const noise = resolveNoise(options.noise ?? true, paper);
  const adversarialNoise = resolveAdversarialNoise(options.adversarialNoise ?? true, available, paper);
  const adversarialSamples = resolveAdversarialSamples(options.adversarialSamples ?? true, available);
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
    keepScores,
  };
}

function resolveNoise(noise: NonNullable<OodOptions['noise']>, paper: NoiseSampler): NoiseRow[] {
  if (noise === false) return [];
  if (noise === true) return [{ name: NOISE, argument: 'noise', sampler: paper }];
  if (typeof noise === 'function') return [{ name: NOISE, argument: 'noise', sampler: noise }];
  return Object.entries(noise).map(([name, sampler]) => {
    checkFunction({ fn, argument: `noise.${name}` }, sampler);
    return { name, argument: `noise.${name}`, sampler };
  });
}

function resolveAdversarialNoise(settings: boolean | AdversarialNoiseSettings, available: number, paper: NoiseSampler) {
  const attack = resolveAttack('adversarialNoise', settings, 200, available);
  if (attack === undefined) return undefined;
  const { start = paper } = settings === true || settings === false ? {} : settings;
  checkFunction({ fn, argument: 'adversarialNoise.start' }, start);
  return { ...attack, start };
}

function resolveAdversarialSamples(settings: boolean | OodAttackSettings, available: number) {
  const attack = resolveAttack('adversarialSamples', settings, 80, available);
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
): ResolvedAttack | undefined {
  if (settings === false) return undefined;
  const {
    epsilon = 0.3,
    stepSize = epsilon / 40,
    steps = paperSteps,
    restarts = 1,
    samples = Math.min(available, 1000),
    attack = pgdLinf,
  } = settings === true ? {} : settings;
  checkPositive({ fn, argument: `${option}.epsilon` }, epsilon);
  checkPositive({ fn, argument: `${option}.stepSize` }, stepSize);
  checkWhole({ fn, argument: `${option}.steps` }, steps);
  checkWhole({ fn, argument: `${option}.restarts` }, restarts);
  checkWhole({ fn, argument: `${option}.samples` }, samples);
  checkFunction({ fn, argument: `${option}.attack` }, attack);
  return { epsilon, stepSize, steps, restarts, samples, attack };
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
