import * as tf from '@tensorflow/tfjs-core';
import { type Classifier, type Objective, pgdLinf } from 'relu-overconfidence';
import { timed } from './interleave';

/** Steps of the attack that a gradient is timed by, beside an attack of one step. */
const STEPS = 3;

/** Milliseconds that the gradient of an objective by the images takes, as the step of an attack. */
export async function gradientMs(net: Classifier, x: tf.Tensor, objective?: Objective): Promise<number> {
  const one = await timed(() => attack(net, x, 1, objective));
  return ((await timed(() => attack(net, x, 1 + STEPS, objective))) - one) / STEPS;
}

/** An attack of so many steps from the images, which evaluates one gradient a step, and the objective at the end. */
export function attack(net: Classifier, x: tf.Tensor, steps: number, objective?: Objective): void {
  const { adversarial, objective: values } = pgdLinf(net, x, {
    epsilon: 0.01,
    steps,
    randomStart: false,
    keepBest: false,
    ...(objective && { objective }),
  });
  tf.dispose([adversarial, values]);
}
