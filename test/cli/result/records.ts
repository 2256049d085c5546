import { type RunRecord, runRecord } from '../../../src/cli/measure/runRecord';
import type { Measured, MeasuredByName } from '../../../src/evaluation/measureBlocks';
import type { OodRowKind } from '../../../src/evaluation/oodReport';
import { PAPER_SETTINGS } from '../../support/oodFields';

/** Log-odds of a confidence. */
const odds = (confidence: number) => Math.log(confidence / (1 - confidence));

/** A row of images of one confidence each, in two blocks. */
export function row(
  kind: OodRowKind,
  confidences: readonly number[],
  more: Record<string, readonly number[]> = {},
): Measured {
  const block = (values: readonly number[]) => ({ logOdds: values.map(odds), predicted: values.map(() => 0), ...more });
  const half = Math.ceil(confidences.length / 2);
  const blocks = { 0: block(confidences.slice(0, half)), [half]: block(confidences.slice(half)) };
  return { kind, samples: confidences.length, blockSize: half, blocks };
}

/** Images without a gradient, in each of the two blocks. */
export const blindness = (count: number) => ({ blindImages: [count] });
export const NOISE = row('noise', [0.12, 0.13]);
export const ATTACKED = row('adversarialNoise', [0.2, 0.22], blindness(0));
export const failed = (one: Measured, reason = 'out of memory'): Measured => ({ ...one, blocks: {}, failed: reason });
export const skipped = (one: Measured): Measured => ({ ...one, samples: 0, blocks: {}, skipped: '--attacked 0' });

/** The record of an audit of a model with ten classes. */
export function record(measured: MeasuredByName, kind: 'layers' | 'graph' = 'layers'): RunRecord {
  const model = {
    file: 'm.json',
    sha256: 'f',
    kind,
    inputShape: [2],
    head: 'softmax',
    classes: 10,
    labels: null,
    bounds: [0, 1],
    boundsFrom: 'given',
    image: true,
    outputs: 'auto',
    output: null,
  } as const;
  const attack = { attack: 'pgdLinf', epsilon: 0.3, stepSize: 0.0075, steps: 40, reach: 0.3, restarts: 1, samples: 2 };
  const settings = {
    seed: 0,
    attackBatchSize: 25,
    noiseSamples: 2,
    ...PAPER_SETTINGS,
    adversarialNoise: attack,
    adversarialSamples: null,
  };
  return runRecord({ command: 'audit', version: '1', model, data: {}, backend: 'cpu', settings, notes: [] }, measured);
}

export const rows = (adversarial: Measured, noise = NOISE) => ({
  'uniform noise': noise,
  'adversarial noise': adversarial,
});
