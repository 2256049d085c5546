import * as tf from '@tensorflow/tfjs-core';
import { asClassifier } from '../classifier/asClassifier';
import { checkGradients } from '../classifier/checkGradients';
import { labelledData } from '../classifier/labelledData';
import type { Classifier, ModelLike } from '../classifier/types';
import { throwIfAborted } from '../core/abort';
import { checkTensor } from '../core/checkTensor';
import { readLabels } from '../core/labels';
import { progressClock } from '../core/progress';
import { createRng } from '../core/rng';
import { checkImageSet } from './checkImageSet';
import { noiseDraw } from './noiseDraw';
import type { OodOptions } from './oodOptions';
import type { OodReport, OodRow } from './oodReport';
import { oodRow } from './oodRow';
import { oodSources } from './oodSources';
import { type ResolvedOptions, resolveOptions } from './resolveOptions';
import type { Runner } from './runner';
import { passesOf, scoreSource } from './scoreSource';
import { usedSettings } from './usedSettings';

const fn = 'evaluateOod';

/** The evaluation, its heavy work done by `runner`. */
export async function evaluateWith(runner: Runner, model: ModelLike, options: OodOptions): Promise<OodReport> {
  const { onProgress, signal } = options;
  const { x, y } = labelledData({ fn, argument: 'in' }, options.in);
  checkTensor({ fn, argument: 'in.x' }, x);
  const net = asClassifier(fn, model, x);
  checkImageSet({ fn, argument: 'in.x' }, x, net);
  const resolved = resolveOptions(options, net);
  for (const [name, set] of resolved.out) checkImageSet({ fn, argument: `out.${name}` }, set, net);
  if (resolved.adversarialNoise !== undefined || resolved.adversarialSamples !== undefined) checkGradients(fn);
  const labels = await readLabels({ fn, argument: 'in.y' }, y, net.classes, x.shape[0]);
  trySamplers(net, x, resolved);
  throwIfAborted(fn, signal);

  const sources = oodSources(runner, net, x, labels, resolved);
  const clock = progressClock(sources.reduce((sum, source) => sum + passesOf(source), 0));
  const rows: OodRow[] = [];
  const context = { classes: net.classes, keepScores: resolved.keepScores };
  let inLogOdds: Float64Array | undefined;
  let testError = 0;
  let finished = 0;
  for (const source of sources) {
    const onPasses = (done: number) => onProgress?.(clock(finished + done, source.name));
    const scored = await scoreSource(runner, net, source, onPasses, signal);
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
