import * as tf from '@tensorflow/tfjs-core';
import type { Objective } from '../attacks/types';
import type { Classifier } from '../classifier/types';
import { createRng, type Rng } from '../core/rng';
import { lossesOf } from '../losses/headLosses';
import type { NoiseSampler } from '../noise/options';
import { type AttackRun, attackBatch, checkMade, type Made } from './attackBatch';
import type { OodColumnKind } from './measureBlocks';
import type { ResolvedAttack, ResolvedDetector } from './oodAttacks';
import type { ResolvedOptions } from './oodOptions';
import type { OodRowKind } from './oodReport';
import { ADVERSARIAL_NOISE, ADVERSARIAL_SAMPLES, attackedBy, columnName, IN_DISTRIBUTION } from './oodReport';
import { type Runner, thisProcess } from './runner';

const fn = 'evaluateOod';

/** A row of the report, or a column of a row, before it is measured: where its images come from. */
export interface OodSource {
  readonly name: string;
  readonly kind: OodRowKind | OodColumnKind;
  /** Images in all. */
  readonly samples: number;
  /** Images made at a time. */
  readonly batchSize: number;
  /** Gradients taken for each image. */
  readonly gradients: number;
  /** True classes, of images that have such. */
  readonly labels?: Int32Array;
  /** Bytes for what the model computes; see `OodOptions`. */
  readonly memory: number | undefined;
  /** What the confidence around each image cannot exceed, where that is measured. */
  readonly bound?: (images: tf.Tensor) => ArrayLike<number> | Promise<ArrayLike<number>>;
  /** Another score than confidence, where that is measured instead. */
  readonly score?: ResolvedDetector['score'];
  /** Makes the images `start`, ..., `start + size - 1`; the caller owns them. */
  readonly make: (start: number, size: number, onStep: () => void) => Made | Promise<Made>;
}

/** Makes the images `start`, ..., `start + size - 1`; runs in a tidy. */
type Draw = (start: number, size: number) => tf.Tensor;

/** All rows, in the order of the report, and then their columns. Each has random numbers of its own, so leaving one out changes no other. */
export function oodSources(
  runner: Runner,
  net: Classifier,
  x: tf.Tensor,
  labels: Int32Array | undefined,
  { batchSize, attackBatchSize, noiseSamples, memory, ...options }: ResolvedOptions,
): OodSource[] {
  const root = createRng(options.seed);
  const { adversarialNoise, adversarialSamples, attackedOut, attackedIn, guarantee, detectors } = options;
  const losses = lossesOf(net);
  const drawn = { batchSize: attackBatchSize, gradients: 0, memory };
  const stored = (name: string, kind: OodRowKind, images: tf.Tensor, truth?: Int32Array): OodSource => ({
    ...drawn,
    name,
    kind,
    samples: images.shape[0]!,
    batchSize,
    ...(truth && { labels: truth }),
    make: (start, size) => ({ images: tf.slice(images, start, size) }),
  });
  const attacked = (
    { name, kind }: Pick<OodSource, 'name' | 'kind'>,
    settings: ResolvedAttack,
    draw: Draw,
    { argument, rng, objectiveFor, side = 'out', victim }: AttackOn,
    samples = settings.samples,
  ): OodSource => ({
    ...drawn,
    name,
    kind,
    samples,
    gradients: settings.members.reduce((sum, { restarts }) => sum + settings.steps * restarts, 0),
    make: async (start, size, onStep) => {
      const made = objectiveFor(start, size);
      const images = tf.tidy(() => draw(start, size));
      try {
        const run = { argument, side, objective: made.objective, rng: rng.fork(start), memory, onStep };
        if (victim === undefined) return await attackBatch(runner, settings, net, images, run);
        const { weigh } = victim;
        return await attackBatch(thisProcess, settings, victim.net, images, { ...run, weigh });
      } finally {
        tf.dispose([images, ...(made.labels ? [made.labels] : [])]);
      }
    },
  });
  const objectiveOf = (objective: Objective | undefined) => () => ({ objective });
  const columns: OodSource[] = [];
  /** The columns of a row whose images `draw` makes. */
  const addColumns = (name: string, draw: Draw, available: number) => {
    if (attackedOut !== undefined) {
      const on = { argument: 'attackedOut', rng: root.fork(`attack on ${name}`) };
      const samples = Math.min(attackedOut.samples, available);
      const column = { name: columnName(name, 'attacked'), kind: 'attacked' } as const;
      const objectiveFor = objectiveOf(losses.logOdds);
      columns.push(attacked(column, attackedOut, draw, { ...on, objectiveFor }, samples));
      for (const { name: detector, score, target } of detectors) {
        if (target === undefined) continue;
        const by = { name: columnName(name, attackedBy(detector)), kind: 'detector' } as const;
        const weigh = async (images: tf.Tensor) => Array.from(await score(images));
        const how = { ...on, objectiveFor: objectiveOf(target.objective), victim: { net: target.net, weigh } };
        columns.push({ ...attacked(by, attackedOut, draw, how, samples), score });
      }
    }
    if (guarantee !== undefined)
      columns.push({
        ...drawn,
        name: columnName(name, 'guaranteed'),
        kind: 'guaranteed',
        samples: Math.min(guarantee.samples, available),
        bound: (images) => guarantee.bound(images, guarantee.epsilon),
        make: (start, size) => ({ images: tf.tidy(() => draw(start, size)) }),
      });
  };
  const sources: OodSource[] = [stored(IN_DISTRIBUTION, 'in', x, labels)];
  if (attackedIn !== undefined)
    columns.push(
      attacked(
        { name: columnName(IN_DISTRIBUTION, 'attacked'), kind: 'attacked' },
        attackedIn,
        chosen(x, root.fork('images attacked of the in-distribution')),
        {
          argument: 'attackedIn',
          side: 'in',
          rng: root.fork('attack on the in-distribution'),
          objectiveFor: objectiveOf(losses.lowLogOdds),
        },
      ),
    );
  for (const [name, images] of options.out) {
    sources.push(stored(name, 'out', images));
    addColumns(name, chosen(images, root.fork(`images attacked of ${name}`)), images.shape[0]!);
  }
  for (const { name, argument, sampler } of options.noise) {
    const draw = noiseDraw(argument, sampler, net, x, noiseSamples, root.fork(`noise ${name}`));
    const make: OodSource['make'] = (start, size) => ({ images: tf.tidy(() => draw(start, size)) });
    sources.push({ ...drawn, name, kind: 'noise', samples: noiseSamples, make });
    addColumns(name, draw, noiseSamples);
  }
  for (const { name, score } of detectors)
    for (const { labels: _, ...row } of [...sources])
      columns.push({ ...row, name: columnName(row.name, name), kind: 'detector', score });
  if (adversarialNoise !== undefined) {
    const rng = root.fork(ADVERSARIAL_NOISE);
    const draw = noiseDraw('adversarialNoise.start', adversarialNoise.start, net, x, adversarialNoise.samples, rng);
    const one = { name: ADVERSARIAL_NOISE, kind: 'adversarialNoise' } as const;
    const objective = adversarialNoise.members.length > 1 ? losses.logOdds : undefined;
    const on = { argument: 'adversarialNoise', rng: rng.fork('attack'), objectiveFor: objectiveOf(objective) };
    sources.push(attacked(one, adversarialNoise, draw, on));
  }
  if (adversarialSamples !== undefined && labels !== undefined) {
    const rng = root.fork(ADVERSARIAL_SAMPLES);
    const rows = drawRows(rng.fork('images'), adversarialSamples.samples, x.shape[0]!).sort();
    const truth = rows.map((row) => labels[row]!);
    const objectiveFor = (start: number, size: number) => {
      const part = tf.tensor1d(truth.subarray(start, start + size), 'int32');
      return { objective: losses.inLossTo(part, net.classes), labels: part };
    };
    const one = { name: ADVERSARIAL_SAMPLES, kind: 'adversarialSamples' } as const;
    const on = { argument: 'adversarialSamples', rng: rng.fork('attack'), objectiveFor };
    sources.push({ ...attacked(one, adversarialSamples, rowsOf(x, rows), on), labels: truth });
  }
  return [...sources, ...columns];
}

/** Some rows of images, by their numbers. */
function rowsOf(images: tf.Tensor, rows: Int32Array): Draw {
  return (start, size) => tf.gather(images, rows.subarray(start, start + size));
}

/** Images in random order, the same whatever is done with them. */
function chosen(images: tf.Tensor, rng: Rng): Draw {
  return rowsOf(images, rng.permutation(images.shape[0]!));
}

/** What an attack is about. */
interface AttackOn {
  readonly argument: string;
  readonly rng: Rng;
  readonly side?: 'in' | 'out';
  /** What is attacked instead of the confidence of the model, and how it is told how far images were taken. */
  readonly victim?: { readonly net: Classifier; readonly weigh: NonNullable<AttackRun['weigh']> };
  /** What is maximised on some of the images, by default the attack's own objective, and the tensor of labels that it needs. */
  readonly objectiveFor: (
    start: number,
    size: number,
  ) => { readonly objective: Objective | undefined; readonly labels?: tf.Tensor };
}

/** Noise made from the in-distribution images `x`, checked as it comes; `argument` names the sampler's option. */
export function noiseDraw(
  argument: string,
  sampler: NoiseSampler,
  net: Classifier,
  x: tf.Tensor,
  samples: number,
  rng: Rng,
): Draw {
  const rows = drawRows(rng.fork('images'), samples, x.shape[0]!);
  const values = rng.fork('values');
  return (start, size) => {
    const noise = sampler(tf.gather(x, rows.subarray(start, start + size)), values.fork(start));
    checkMade({ fn, argument }, noise, net, Math.min(size, samples - start));
    return noise;
  };
}

/** Indices of `count` of `available` images in random order; none comes again before all have come. */
function drawRows(rng: Rng, count: number, available: number): Int32Array {
  const rows = new Int32Array(count);
  for (let start = 0; start < count; start += available)
    rows.set(rng.permutation(available).subarray(0, count - start), start);
  return rows;
}
