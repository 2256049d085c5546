import * as tf from '@tensorflow/tfjs-core';
import { asClassifier } from '../classifier/asClassifier';
import { checkGradients } from '../classifier/checkGradients';
import type { Classifier, ModelLike } from '../classifier/types';
import { throwIfAborted } from '../core/abort';
import { checkTensor } from '../core/checkTensor';
import { progressClock } from '../core/progress';
import { createRng } from '../core/rng';
import { checkImageSet } from './checkImageSet';
import { noiseDraw } from './noiseDraw';
import type { OodOptions } from './oodOptions';
import type { OodReport, OodRow, UsedAttack } from './oodReport';
import { oodRow } from './oodRow';
import { oodSources } from './oodSources';
import { readLabels } from './readLabels';
import { type ResolvedAttack, type ResolvedOptions, resolveOptions } from './resolveOptions';
import { passesOf, scoreSource } from './scoreSource';

const fn = 'evaluateOod';

/**
 * Measures how well a classifier knows what it does not know: Table 1 of arXiv 1812.05720 for one model.
 *
 * Rows are, in this order, the in-distribution test set, out-distribution test sets, noise, adversarial noise (noise on
 * which an attack maximises the confidence, {@link lpOut}) and adversarial samples (in-distribution images on which an
 * attack maximises the cross entropy to the true class). An adversarial sample that is still classified correctly with a
 * confidence above 1.01 / K resisted the attack: it is counted in `resisted` and left out of all scores of the row.
 *
 * The score of an image is its confidence, the largest softmax probability, in float64. AUROC ranks by the log-odds of
 * the predicted class, which order images as confidences do but do not tie where those round to 1. FPR@95 is the paper's:
 * its threshold is the 5th percentile of the in-distribution confidences themselves, interpolated linearly.
 *
 * The paper attacks for 200 steps (adversarial noise) and 80 (adversarial samples), on MNIST with epsilon 0.3 and steps of
 * 0.0075; on its other data sets adversarial samples have `epsilon: 0.1` and steps of 0.0025. Those are the defaults, but
 * at most 1000 images are attacked unless `samples` says otherwise. One attack of one kind gives a lower bound of what
 * can be reached: restarts or another `attack` may find more.
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
  const { in: images, onProgress, signal } = options;
  checkTensor({ fn, argument: 'in.x' }, images?.x);
  const { x, y } = images;
  const net = asClassifier(fn, model, x);
  checkImageSet({ fn, argument: 'in.x' }, x, net);
  const resolved = resolveOptions(options, net);
  for (const [name, set] of resolved.out) checkImageSet({ fn, argument: `out.${name}` }, set, net);
  if (resolved.adversarialNoise !== undefined || resolved.adversarialSamples !== undefined) checkGradients(fn);
  const labels = await readLabels({ fn, argument: 'in.y' }, y, x.shape[0]!, net.classes);
  trySamplers(net, x, resolved);
  throwIfAborted(fn, signal);

  const sources = oodSources(net, x, labels, resolved);
  const clock = progressClock(sources.reduce((sum, source) => sum + passesOf(source), 0));
  const rows: OodRow[] = [];
  const context = { classes: net.classes, keepScores: resolved.keepScores };
  let inLogOdds: Float64Array | undefined;
  let testError = 0;
  let finished = 0;
  for (const source of sources) {
    const onPasses = (done: number) => onProgress?.(clock(finished + done, source.name));
    const scored = await scoreSource(net, source, onPasses, signal);
    rows.push(oodRow(source, scored, { ...context, inLogOdds }));
    if (source.kind === 'in') {
      inLogOdds = scored.logOdds;
      testError = scored.predicted.filter((predicted, i) => predicted !== labels[i]).length / labels.length;
    }
    finished += passesOf(source);
  }
  return { testError, classes: net.classes, rows, settings: usedSettings(resolved) };
}

/** Draws one image of each noise, so that a sampler that cannot work is refused before anything else is done. */
function trySamplers(net: Classifier, x: tf.Tensor, { noise, adversarialNoise, seed }: ResolvedOptions): void {
  const trials = noise.map(({ argument, sampler }) => ({ argument, sampler }));
  if (adversarialNoise !== undefined)
    trials.push({ argument: 'adversarialNoise.start', sampler: adversarialNoise.start });
  for (const { argument, sampler } of trials)
    tf.dispose(tf.tidy(() => noiseDraw(argument, sampler, net, x, 1, createRng(seed))(0, 1)));
}

function usedSettings({ seed, attackBatchSize, noiseSamples, ...rest }: ResolvedOptions): OodReport['settings'] {
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
  const { attack, epsilon, stepSize, steps, restarts, samples } = settings;
  return { attack: attack.name, epsilon, stepSize, steps, restarts, samples };
}
