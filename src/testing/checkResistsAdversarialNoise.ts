import { wasBlind } from '../attacks/attackDefaults';
import type { ModelLike } from '../classifier/types';
import { isPair } from '../core/bounds';
import { meanMaxConfidence } from '../metrics/meanMaxConfidence';
import {
  type AdversarialNoise,
  type AdversarialNoiseOptions,
  type AttackFacts,
  attackInWords,
  attackNoise,
  prepareAdversarialNoise,
} from './adversarialNoise';
import { AssertionError, demand, digits, wording } from './checkResult';
import { boundedMean, meanInWords, type UnconfidentResult, unconfident } from './checkUnconfidentOn';

/** How unconfident a model is on noise after an attack. */
export interface AdversarialNoiseResult extends UnconfidentResult, AttackFacts {
  /** Mean of the confidences on the noise before the attack. */
  readonly mmcBefore: number;
  /** What noise and attack were made from. */
  readonly seed: string | number;
  /** Lines of code that make the worst image again, as `adversarial`. */
  readonly reproduce: string;
}

/**
 * Whether a model stays unsure of itself in a ball around noise, where ACET trains it to be: after an attack that looks for
 * high confidence, the mean of its confidences is at most `maxMmc` (the row "adversarial noise" of Table 1 of
 * arXiv 1812.05720). An attack gives a lower bound of what can be reached: more steps or restarts may find more.
 *
 * Noise and attack depend on the seed alone, not on the backend (up to the rounding of its float32 kernels) and not on
 * `batchSize`. The library's attacks draw for each image what they draw for it in the whole batch, so the worst image can be
 * made again alone by the code in `reproduce`. Where the attack was blind, because every gradient was zero on nine images in ten
 * or more, the check does not hold however low the mean is: nothing was tried. The matcher then fails under `.not` too.
 *
 * @param model - A model; see `classifier`. A GraphModel or function must be made of operations with gradients.
 * @returns The numbers, and the same in words; fails no test by itself, see {@link assertResistsAdversarialNoise}.
 * @throws OverconfidenceError, by rejecting the promise: `INVALID_OPTION` for an option out of range; `INVALID_ARGUMENT` if
 *   `shape` or `images` is needed and missing; `INVALID_SHAPE`, `EMPTY_INPUT`, `OUT_OF_BOUNDS` or `NON_FINITE` for `images`;
 *   `GRADIENTS_NOT_REGISTERED`; `ABORTED`; `NON_FINITE` for `model` if its logits are not finite.
 *
 * @example
 * ```ts
 * import '@tensorflow/tfjs-backend-cpu';
 * import { mlp } from 'relu-overconfidence/models';
 * import { checkResistsAdversarialNoise } from 'relu-overconfidence/testing';
 *
 * const model = mlp({ inputShape: [4], hidden: [8], classes: 3, seed: 1 });
 * const { mmcBefore, mmc, reproduce } = await checkResistsAdversarialNoise(model, { maxMmc: 0.5, epsilon: 0.1, samples: 20 });
 * console.log(mmcBefore, mmc); // the second is the higher one
 * console.log(reproduce); // const noise = uniformNoise([20, 4], { rng: ... });
 * ```
 */
export function checkResistsAdversarialNoise(
  model: ModelLike,
  options: AdversarialNoiseOptions,
): Promise<AdversarialNoiseResult> {
  return resistsAdversarialNoise('checkResistsAdversarialNoise', model, options);
}

/**
 * Fails a test unless a model stays unsure of itself on noise after an attack that looks for high confidence: the mean of its
 * confidences must then be at most `maxMmc`; see {@link checkResistsAdversarialNoise}. The message has the code that makes
 * the worst image again.
 *
 * @param model - A model; see `classifier`. A GraphModel or function must be made of operations with gradients.
 * @returns The numbers of a check that holds.
 * @throws {@link AssertionError}, by rejecting the promise, with the numbers in its message; OverconfidenceError as
 *   {@link checkResistsAdversarialNoise}.
 *
 * @example
 * ```ts
 * import '@tensorflow/tfjs-backend-cpu';
 * import { test } from 'node:test';
 * import { pgdLinf, uniformNoise } from 'relu-overconfidence';
 * import { mlp } from 'relu-overconfidence/models';
 * import { assertResistsAdversarialNoise } from 'relu-overconfidence/testing';
 *
 * const model = mlp({ inputShape: [4], hidden: [8], classes: 3, seed: 1 });
 * const images = uniformNoise([30, 4], { seed: 'stand-in for test images' });
 * test('no noise nearby makes the model sure of itself', async () => {
 *   await assertResistsAdversarialNoise(model, { images, maxMmc: 0.9, epsilon: 0.1, steps: 10, attack: pgdLinf, seed: 1 });
 * });
 * ```
 */
export async function assertResistsAdversarialNoise(
  model: ModelLike,
  options: AdversarialNoiseOptions,
): Promise<AdversarialNoiseResult> {
  return demand(await resistsAdversarialNoise('assertResistsAdversarialNoise', model, options));
}

/** The same in the name of another function. */
export async function resistsAdversarialNoise(
  fn: string,
  model: ModelLike,
  options: AdversarialNoiseOptions,
): Promise<AdversarialNoiseResult> {
  const task = prepareAdversarialNoise(fn, model, options);
  const { before, after, attack } = await attackNoise(task);
  const bounded = boundedMean(after, options.maxMmc);
  // What an attack without gradients has not found is not known to be missing.
  const found = { ...bounded, holds: bounded.holds && !wasBlind(attack.blindImages, bounded.samples) };
  const mmcBefore = meanMaxConfidence(before.confidences);
  const lines = reproduce(task, found.worst.index);
  const message = wording(found.holds, 'the model', `${unconfident(found)}, attacked by ${task.attack.name}`, [
    `before the attack: ${digits(mmcBefore)}`,
    ...meanInWords(found),
    ...attackInWords(attack, found.samples),
    `the worst again, from seed ${JSON.stringify(task.seed)}:`,
    ...lines.map((line) => `  ${line}`),
  ]);
  return { ...found, ...attack, mmcBefore, seed: task.seed, reproduce: lines.join('\n'), message };
}

/** The same for a matcher, which must not pass under `.not` either when the attack was blind and found little. */
export async function resistsOrFails(
  fn: string,
  model: ModelLike,
  options: AdversarialNoiseOptions,
): Promise<AdversarialNoiseResult> {
  const result = await resistsAdversarialNoise(fn, model, options);
  if (!result.holds && result.mmc <= result.maxMmc) throw new AssertionError(result);
  return result;
}

/** The lines of code that make one attacked image again. */
function reproduce(
  { net, images, samples, attack, seed, settings, options }: AdversarialNoise,
  index: number,
): string[] {
  const box = isPair(net.bounds) ? `[${net.bounds.join(', ')}]` : JSON.stringify(net.bounds);
  const bounds = box === '[0, 1]' ? [] : [`bounds: ${box}`];
  const rng = (label: string) => `createRng(${JSON.stringify(seed)}).fork('${label}')`;
  const sampler = options.noise
    ? options.noise.name || 'noise'
    : `paperSampler({ ${[...bounds, ...(net.image === false ? ['image: false'] : [])].join(', ')} })`;
  const noise =
    images === undefined
      ? `uniformNoise([${[samples, ...net.inputShape].join(', ')}], { ${[`rng: ${rng('noise')}`, ...bounds].join(', ')} })`
      : `${sampler}(tf.slice(images, 0, ${samples}), ${rng('noise')})`;
  const given = Object.entries(settings).map(([name, value]) => `${name}: ${value}`);
  const told = [...given, `rng: ${rng('attack')}`, `rows: { first: ${index}, of: ${samples} }`].join(', ');
  return [
    `const noise = ${noise};`,
    `const { adversarial } = ${attack.name || 'attack'}(model, tf.slice(noise, ${index}, 1), { ${told} });`,
  ];
}
