import * as tf from '@tensorflow/tfjs-core';
import { imageOf } from '../../classifier/inputFacts';
import { confidenceOf, rowLogOdds } from '../../classifier/logOdds';
import type { Classifier } from '../../classifier/types';
import { createRng } from '../../core/rng';
import { type Measured, type Measurement, numbersOf } from '../../evaluation/measureBlocks';
import type { Runner } from '../../evaluation/runner';
import { uniformNoise } from '../../noise/uniformNoise';
import { percent } from '../print/text';

/** Name of the measurement in the record. */
export const OTHER_BOUNDS = 'other bounds';

/** Images of noise in each box at most: their mean is told, not its error. */
const SAMPLES = 100;
const BATCH = 25;

/** Boxes that inputs lie in where nobody says so: bytes, unit pixels and pixels about zero; for other inputs, standardised numbers. */
export function usualBounds(net: Pick<Classifier, 'inputShape' | 'image'>): readonly (readonly [number, number])[] {
  const unit = [0, 1] as const;
  const centred = [-1, 1] as const;
  return imageOf(net) ? [unit, [0, 255], centred] : [unit, centred, [-3, 3]];
}

/**
 * How sure a model of which the bounds are only assumed would be of uniform noise in the others that are usual; of no more
 * images than its rows of noise have.
 */
export function otherBoundsMeasurement(
  runner: Runner,
  net: Classifier,
  { seed, noiseSamples }: { seed: string | number; noiseSamples: number },
): Measurement {
  const boxes = usualBounds(net);
  const rng = createRng(seed).fork(OTHER_BOUNDS);
  return {
    name: OTHER_BOUNDS,
    kind: 'other',
    samples: Math.min(SAMPLES, noiseSamples),
    blockSize: BATCH,
    cost: boxes.length,
    required: false,
    run: async (start, size) => {
      const found: [string, number[]][] = [];
      for (const bounds of boxes) {
        // The same numbers in every box.
        const noise = uniformNoise([size, ...net.inputShape], { rng: rng.fork(start), bounds });
        try {
          const { values, classes, head } = await runner.logits('evaluateOod', net, noise, { batchSize: size });
          const confidence = (row: number) => confidenceOf(rowLogOdds(values, row * classes, classes, head));
          found.push([bounds.join(' to '), Array.from({ length: size }, (_, row) => confidence(row))]);
        } finally {
          tf.dispose(noise);
        }
      }
      return Object.fromEntries(found);
    },
  };
}

/** Mean confidences on uniform noise this far apart are not the same. */
const DIFFERENT = 0.05;

/** What there is to say where nobody has said where inputs lie. */
export function assumedBounds(
  net: Pick<Classifier, 'inputShape' | 'image'>,
  measured: Measured | undefined,
): readonly string[] {
  const start = 'The bounds [0, 1] are an assumption: neither the model nor --bounds tells where its inputs lie.';
  if (measured === undefined || measured.failed !== undefined) return [start];
  const boxes = usualBounds(net).map((bounds) => {
    const confidences = numbersOf(measured, bounds.join(' to '));
    const mean = confidences.reduce((sum, value) => sum + value, 0) / confidences.length;
    return { name: `[${bounds.join(', ')}]`, bounds, mean, images: confidences.length };
  });
  const [assumed, ...others] = boxes as [(typeof boxes)[number], ...typeof boxes];
  const differs = ({ mean }: { mean: number }) => Math.abs(mean - assumed.mean) >= DIFFERENT;
  const listed = (of: typeof others) => of.map(({ name, mean }) => `${percent(mean)} in ${name}`).join(' and ');
  const onNoise = `its mean confidence on ${assumed.images} images of uniform noise is ${percent(assumed.mean)} there`;
  if (!others.some(differs)) return [`${start} It makes little difference: ${onNoise}, and ${listed(others)}.`];
  const example = others.find(differs)!.bounds.join(',');
  return [
    `${start} It matters: ${onNoise}, but ${listed(others)}. If its inputs lie elsewhere, say so: --bounds ${example}.`,
  ];
}
