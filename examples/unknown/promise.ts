import * as tf from '@tensorflow/tfjs-core';
import { createRng } from 'relu-overconfidence';
import {
  chooseThreshold,
  type DetectorKind,
  fitDetector,
  fitUnknown,
  type ThresholdOptions,
} from 'relu-overconfidence/detectors';
import { loadDigits } from '../digits/digits';
import { trainDigits } from '../digits/train';
import { useWasm } from '../support/useWasm';
import { writeSection } from './writeSection';

/** `npx tsx examples/unknown/promise.ts`: how often a threshold keeps less than it promised, for docs/unknown.md; see README.md. */
const KINDS: readonly DetectorKind[] = ['max-softmax', 'mahalanobis', 'mean-knn'];
const [TRAINED, SPLITS, FITS, FITTED, DRAWN] = [700, 10_000, 100, 300, 150];
/** Trials where nothing has to be trained or split. */
const DRAWS = 100_000;
const CERTAINTY = 0.95;

/** What was promised, and what came of it. */
interface Trial {
  readonly promised: number;
  readonly kept: number;
}

await useWasm();
const rng = createRng('promise');
const rows: string[] = [];

// Where the distribution is known, so is the share of all later scores that is kept.
const uniform = { draw: () => rng.uniform(), above: (limit: number) => 1 - limit };
const tenths = { draw: () => rng.integer(10), above: (limit: number) => (10 - limit) / 10 };
for (const [name, { draw, above }] of Object.entries({ 'uniform numbers': uniform, 'ten values': tenths }))
  for (const promise of ['mean', 'certain'] as const)
    report(`${DRAWN} ${name}, \`${promise}\``, 'all later ones, exactly known', DRAWS, () => {
      const { threshold, atLeast } = chooseThreshold(Array.from({ length: DRAWN }, draw), { promise });
      return { promised: atLeast, kept: above(threshold) };
    });

const { train, test } = await loadDigits();
const x = tf.tidy(() => tf.concat([train.x, test.x]) as tf.Tensor4D);
const learnt = { x: tf.slice(x, 0, TRAINED), y: tf.slice(train.y, 0, TRAINED) };
const pool = tf.slice(x, TRAINED);
const count = pool.shape[0];
const model = await trainDigits('plain', { train: learnt, test });

const half = count >> 1;
for (const kind of KINDS) {
  const scores = await (await fitDetector(kind, model, learnt)).score(pool);
  const split = (options: ThresholdOptions) => () => {
    const order = rng.permutation(count);
    const of = (places: Int32Array) => Array.from(places, (place) => scores[place]!);
    const { threshold, atLeast } = chooseThreshold(of(order.subarray(0, half)), options);
    return { promised: atLeast, kept: shareOf(of(order.subarray(half)), threshold) };
  };
  const later = count - half;
  report(`\`${kind}\` of ${half} digits`, `the ${later} others, \`later: ${later}\``, SPLITS, split({ later }));
  report(`\`${kind}\` of ${half} digits`, `the ${later} others, without \`later\``, SPLITS, split({}));
}

const trials: Record<string, Trial[]> = { score: [], predict: [] };
for (let i = 0; i < FITS; i++) {
  const order = Array.from(rng.permutation(count));
  const [own, others] = [order.slice(0, FITTED), order.slice(FITTED)].map((places) => tf.gather(pool, places));
  const guard = await fitUnknown(model, own!, { kinds: KINDS, seed: i, later: count - FITTED });
  const { threshold, atLeast: promised } = guard.save().threshold;
  trials.score!.push({ promised, kept: shareOf(await guard.detector.score(others!), threshold) });
  const named = (await guard.predict(others!)).filter(({ label }) => label !== 'unknown').length;
  trials.predict!.push({ promised, kept: named / (count - FITTED) });
  tf.dispose([own, others]);
}
for (const [name, found] of Object.entries(trials)) {
  const title = `\`fitUnknown\` of ${FITTED} digits, by its ${name === 'score' ? 'score' : 'answers'}`;
  report(title, `the ${count - FITTED} others, \`later: ${count - FITTED}\``, FITS, (i) => found[i]!);
}

await writeSection(
  'Whether it is kept',
  [
    `Written by \`npx tsx examples/unknown/promise.ts\`, seeded: in how many trials fewer were kept than was promised with ${100 * CERTAINTY} % certainty. That must be no more than ${Math.round(100 * (1 - CERTAINTY))} % of them, give or take two standard errors: ${tolerance(DRAWS)} points of ${DRAWS} trials, ${tolerance(SPLITS)} of ${SPLITS}, ${tolerance(FITS)} of ${FITS}. Of numbers drawn from a known distribution the share of all later ones that is kept is known exactly. The digits are those of \`examples/digits\`; network and scores learn from ${TRAINED} of them, and each trial splits the other ${count} anew. Of ${count - half} digits the share varies more than of all there could ever be: rows with \`later\` promise for as many, and the rows beside them show what a promise for all is worth there.`,
    '',
    '| scores | promised of | trials | broken | promised, mean | kept, mean |',
    '| --- | --- | --- | --- | --- | --- |',
    ...rows,
  ].join('\n'),
);

function report(name: string, of: string, trialCount: number, trial: (i: number) => Trial): void {
  const found = Array.from({ length: trialCount }, (_, i) => trial(i));
  const percent = (share: number) => `${(100 * share).toFixed(1)} %`;
  const mean = (key: keyof Trial) => percent(found.reduce((sum, one) => sum + one[key], 0) / trialCount);
  // Shares of a number of images are fractions; rounding must not break a promise that is kept to the letter.
  const broken = found.filter(({ promised, kept }) => kept < promised - 1e-9).length;
  rows.push(`| ${[name, of, trialCount, percent(broken / trialCount), mean('promised'), mean('kept')].join(' | ')} |`);
  console.log(rows.at(-1));
}

function shareOf(scores: ArrayLike<number>, threshold: number): number {
  return Array.from(scores).filter((score) => score >= threshold).length / scores.length;
}

/** Two standard errors of a share of 1 - certainty, in percentage points. */
function tolerance(trialCount: number): string {
  return (200 * Math.sqrt((CERTAINTY * (1 - CERTAINTY)) / trialCount)).toFixed(1);
}
