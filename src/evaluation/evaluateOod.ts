import * as tf from '@tensorflow/tfjs-core';
import { asClassifier } from '../classifier/asClassifier';
import { checkGradients } from '../classifier/differentiate';
import { labelledData } from '../classifier/labelledData';
import type { Classifier, ModelLike } from '../classifier/types';
import { checkTensor } from '../core/checkTensor';
import { readLabels } from '../core/labels';
import { throwIfAborted } from '../core/pausing';
import { createRng } from '../core/rng';
import { checkImageSet } from './attackBatch';
import { measureBlocks } from './measureBlocks';
import { usedAttack } from './oodAttacks';
import { checkOptionKeys, type OodOptions, type ResolvedOptions, resolveOptions } from './oodOptions';
import type { OodReport, UsedSettings } from './oodReport';
import { oodRows } from './oodRows';
import { noiseDraw, oodSources } from './oodSources';
import { readStreams, type StoredSets } from './readStreams';
import { type Runner, thisProcess } from './runner';
import { sourceMeasurement } from './sourceMeasurement';

const fn = 'evaluateOod';

/**
 * Measures how well a classifier knows what it does not know: Table 1 of arXiv 1812.05720 for one model.
 *
 * Rows are, in this order, the in-distribution test set, out-distribution test sets, noise, adversarial noise (noise on
 * which an attack maximises the confidence by its own objective, {@link lpOut} for {@link pgdLinf}) and adversarial samples
 * (in-distribution images on which an attack maximises the cross entropy to the true class). An adversarial sample that is still classified correctly with a
 * confidence above 1.01 / K (above 1.01 / 2 where each class has a sigmoid, which says no below 1/2) resisted the attack: it is counted in `resisted` and left out of all scores of the row.
 *
 * The score of an image is its confidence, the largest softmax probability, in float64. AUROC ranks by the log-odds of
 * the predicted class, which order images as confidences do but do not tie where those round to 1. FPR@95 is the paper's:
 * its threshold is the 5th percentile of the in-distribution confidences themselves, interpolated linearly.
 *
 * The paper attacks for 200 steps (adversarial noise) and 80 (adversarial samples), on MNIST with epsilon 0.3 and steps of
 * 0.0075; on its other data sets adversarial samples have `epsilon: 0.1` and steps of 0.0025. Those are the defaults, but
 * at most 1000 images are attacked unless `samples` says otherwise, and with other bounds epsilon is 0.3 of their width. One attack of one kind gives a lower bound of what
 * can be reached: restarts or another `attack` may find more.
 *
 * Beside the AUROC of images as they are (AUC) a row of `out` or noise has, where asked for, those of the worst that an adversary can do
 * within epsilon: `attackedAuroc` (AAUC, the out side attacked towards high confidence), `guaranteedAuroc` (GAUC, the out side at
 * what its confidence cannot exceed, see {@link guaranteedAuroc}) and `inAttackedAuroc` (the in side attacked towards low
 * confidence), each with its bootstrap interval. GAUC <= worst case <= AAUC. A bound that some confidence exceeds is found out, and its column
 * has failed. `protocol: 'worst-case'` takes for each image the strongest of several attacks.
 *
 * A set may be a stream of batches, so that its images need not be in memory: a tf.data Dataset or an async iterable. Each is read once
 * before anything else; all images are scored, and of a random 1000, or as many as an option asks for, noise is made, and attacks and bounds are.
 *
 * A row that cannot be measured, as when an attack runs out of memory or an operation has no gradient, is in the report with
 * `status: 'failed'` and the `reason`; without the in-distribution there is no report. `blindImages` counts the images on
 * which an attack had no gradient to follow, and `settings` tell how far its steps could reach.
 *
 * @param model - A model; see {@link classifier}. Attacks need gradients, so a GraphModel or function must be made of
 *   operations that have them.
 * @returns Plain data; {@link formatOodReport} prints it. No tensor is left behind, also after an error or an abort.
 * @throws OverconfidenceError, by rejecting the promise before any work: `INVALID_ARGUMENT`, `INVALID_SHAPE` or
 *   `EMPTY_INPUT` for images or labels of the wrong kind; `OUT_OF_BOUNDS` or `NON_FINITE` for their values (not checked on
 *   webgpu); `INVALID_LABELS`; `INVALID_OPTION` for settings out of range and names used twice;
 *   `GRADIENTS_NOT_REGISTERED`; later: `ABORTED`, and `NON_FINITE` for `model` if its logits are not finite.
 *
 * @example
 * ```ts
 * import '@tensorflow/tfjs-backend-cpu';
 * import * as tf from '@tensorflow/tfjs-core';
 * import { layers, sequential } from '@tensorflow/tfjs-layers';
 * import { evaluateOod, formatOodReport, paperNoise, uniformNoise } from 'relu-overconfidence';
 *
 * const model = sequential({ layers: [layers.dense({ inputShape: [4], units: 3 })] });
 * const report = await evaluateOod(model, {
 *   in: { x: uniformNoise([20, 4], { seed: 1 }), y: tf.zeros([20]) },
 *   out: { corner: tf.ones([10, 4]) },
 *   noise: { 'uniform noise': (images, rng) => uniformNoise(images.shape, { rng }), 'paper noise': paperNoise },
 *   adversarialNoise: { steps: 10 },
 *   adversarialSamples: { steps: 10 },
 * });
 * console.log(formatOodReport(report));
 * ```
 */
export async function evaluateOod(model: ModelLike, options: OodOptions): Promise<OodReport> {
  return evaluateWith(thisProcess, model, options);
}

/** The evaluation, its heavy work done by `runner`. */
export async function evaluateWith(runner: Runner, model: ModelLike, options: OodOptions): Promise<OodReport> {
  checkOptionKeys(options);
  const sets = await readStreams(runner, model, options);
  try {
    return await evaluateStored(runner, model, sets);
  } finally {
    sets.dispose();
  }
}

async function evaluateStored(runner: Runner, model: ModelLike, { options, done }: StoredSets): Promise<OodReport> {
  const { onProgress, signal } = options;
  const { x, y } = labelledData({ fn, argument: 'in' }, options.in);
  checkTensor({ fn, argument: 'in.x' }, x);
  const net = asClassifier(fn, model, x);
  checkImageSet({ fn, argument: 'in.x' }, x, net);
  const resolved = resolveOptions(options, net);
  for (const [name, set] of resolved.out) checkImageSet({ fn, argument: `out.${name}` }, set, net);
  const { adversarialNoise, adversarialSamples, attackedOut, attackedIn } = resolved;
  if ([adversarialNoise, adversarialSamples, attackedOut, attackedIn].some((attack) => attack !== undefined))
    checkGradients(fn);
  const labels = await readLabels({ fn, argument: 'in.y' }, y, net.classes, x.shape[0]);
  trySamplers(net, x, resolved);
  throwIfAborted(fn, signal);
  const measurements = oodSources(runner, net, x, labels, resolved).map((source) => {
    const measurement = sourceMeasurement(runner, net, source);
    const { samples, blockSize } = done[source.name] ?? measurement;
    return { ...measurement, samples, blockSize };
  });
  const measured = await measureBlocks(measurements, { done, onProgress, signal });
  const settings = usedSettings(resolved);
  const { rows, testError } = oodRows(measured, net, resolved.keepScores, settings);
  return { testError: testError!, classes: net.classes, rows, settings };
}

/** Draws one image of each noise, so that a sampler that cannot work is refused before anything else is done. */
function trySamplers(net: Classifier, x: tf.Tensor, { noise, adversarialNoise, seed }: ResolvedOptions): void {
  const trials = noise.map(({ argument, sampler }) => ({ argument, sampler }));
  if (adversarialNoise !== undefined)
    trials.push({ argument: 'adversarialNoise.start', sampler: adversarialNoise.start });
  for (const { argument, sampler } of trials)
    tf.dispose(tf.tidy(() => noiseDraw(argument, sampler, net, x, 1, createRng(seed))(0, 1)));
}

/** The settings as a report tells them. */
export function usedSettings({
  seed,
  attackBatchSize,
  noiseSamples,
  protocol,
  ...rest
}: ResolvedOptions): UsedSettings {
  const { guarantee, near = null } = rest;
  return {
    seed,
    attackBatchSize,
    noiseSamples,
    protocol,
    adversarialNoise: usedAttack(rest.adversarialNoise),
    adversarialSamples: usedAttack(rest.adversarialSamples),
    attackedOut: usedAttack(rest.attackedOut),
    attackedIn: usedAttack(rest.attackedIn),
    guarantee: guarantee === undefined ? null : { epsilon: guarantee.epsilon, samples: guarantee.samples },
    detectors: rest.detectors.map(({ name }) => name),
    near,
  };
}
