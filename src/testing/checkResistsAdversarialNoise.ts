import type { ModelLike } from '../classifier/types';
import { meanMaxConfidence } from '../metrics/meanMaxConfidence';
import { type AdversarialNoiseOptions, prepareAdversarialNoise } from './adversarialNoise';
import { type AttackFacts, attackInWords, attackNoise } from './attackNoise';
import { boundedMean, meanInWords, unconfident } from './checkUnconfidentOn';
import { reproduce } from './reproduce';
import type { UnconfidentResult } from './types';
import { digits, wording } from './words';

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
 * made again alone by the code in `reproduce`.
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

/** The same in the name of another function. */
export async function resistsAdversarialNoise(
  fn: string,
  model: ModelLike,
  options: AdversarialNoiseOptions,
): Promise<AdversarialNoiseResult> {
  const task = prepareAdversarialNoise(fn, model, options);
  const { before, after, attack } = await attackNoise(task);
  const found = boundedMean(after, options.maxMmc);
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
