import * as tf from '@tensorflow/tfjs-core';
import { type AttackReach, reachInWords } from '../attacks/attackDefaults';
import type { AttackResult, AttackStep } from '../attacks/types';
import { throwIfAborted } from '../core/abort';
import { nextTask } from '../core/nextTask';
import { progressClock } from '../core/progress';
import { createRng } from '../core/rng';
import { paperSampler } from '../noise/paperSampler';
import { uniformNoise } from '../noise/uniformNoise';
import type { AdversarialNoise } from './adversarialNoise';
import { type Judgement, judge } from './judge';

/** What the model says to the noise before the attack and after it. */
export interface AttackedNoise {
  readonly before: Judgement;
  readonly after: Judgement;
  readonly attack: AttackFacts;
}

/** What an attack tells of itself: how far it could get, and how often it saw nothing. */
export type AttackFacts = AttackReach & Pick<AttackResult, 'blindImages'>;

/** Draws the noise, attacks it batch by batch, and asks the model about it. */
export async function attackNoise(task: AdversarialNoise): Promise<AttackedNoise> {
  const { fn, net, samples, batchSize, options } = task;
  throwIfAborted(fn, options.signal);
  const noise = drawNoise(task);
  try {
    const before = await judge(fn, net, noise, { batchSize });
    const parts: Judgement[] = [];
    const facts: AttackFacts[] = [];
    const clock = options.onProgress && progressClock(samples);
    for (let first = 0; first < samples; first += batchSize) {
      const size = Math.min(batchSize, samples - first);
      const onStep = ({ step, steps, restart, restarts }: AttackStep) => {
        const share = ((restart - 1) * steps + step) / (steps * restarts);
        options.onProgress?.(clock!(first + size * share, 'adversarial noise'));
      };
      const { adversarial, objective, epsilon, steps, stepSize, reach, blindImages } = attackPart(task, noise, {
        first,
        size,
        onStep,
      });
      try {
        facts.push({ epsilon, steps, stepSize, reach, blindImages });
        parts.push(await judge(fn, net, adversarial, { batchSize }));
      } finally {
        tf.dispose([adversarial, objective]);
      }
      await nextTask();
      throwIfAborted(fn, options.signal);
    }
    const blind = facts.map(({ blindImages }) => blindImages);
    return { before, after: joined(parts), attack: { ...facts[0]!, blindImages: total(blind) } };
  } finally {
    tf.dispose(noise);
  }
}

/** The noise to begin from, `[samples, ...inputShape]`. */
function drawNoise({ net, images, samples, seed, options }: AdversarialNoise): tf.Tensor {
  const { bounds, inputShape } = net;
  const rng = createRng(seed).fork('noise');
  if (images === undefined) return uniformNoise([samples, ...inputShape], { rng, bounds });
  const { noise = paperSampler({ bounds }) } = options;
  return tf.tidy(() => noise(tf.slice(images, 0, samples), rng));
}

interface Part {
  readonly first: number;
  readonly size: number;
  readonly onStep: (at: AttackStep) => void;
}

/** The images of one batch after the attack, the same whatever the size of the batches. */
function attackPart(task: AdversarialNoise, noise: tf.Tensor, { first, size, onStep }: Part): AttackResult {
  const { net, samples, attack, seed, settings, options } = task;
  const rows = { first, of: samples };
  const rng = createRng(seed).fork('attack');
  const signal = options.signal && { signal: options.signal };
  let found: AttackResult;
  tf.tidy(() => {
    found = attack(net, tf.slice(noise, first, size), { ...settings, ...signal, rows, rng, onStep });
    return [found.adversarial, found.objective];
  });
  return found!;
}

/** What the settings of an attack and the sight it had leave to say, line by line. */
export function attackInWords(attack: AttackFacts, samples: number): string[] {
  const { blindImages = 0 } = attack;
  const seen =
    blindImages === samples ? 'the attack was blind' : `the attack was blind on ${blindImages} of ${samples} images`;
  return [reachInWords(attack), blindImages > 0 && `${seen}: every gradient was zero, as behind a rounding`].filter(
    (line) => typeof line === 'string',
  );
}

function total(counts: readonly (number | undefined)[]): number | undefined {
  return counts.reduce((sum, count) => (sum === undefined || count === undefined ? undefined : sum + count), 0);
}

function joined(parts: readonly Judgement[]): Judgement {
  return {
    confidences: Float64Array.from(parts.flatMap(({ confidences }) => [...confidences])),
    predicted: Int32Array.from(parts.flatMap(({ predicted }) => [...predicted])),
    classes: parts[0]!.classes,
  };
}
