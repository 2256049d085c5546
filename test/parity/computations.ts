/**
 * The computations that every backend must agree on. Each takes no input, draws everything from fixed seeds and returns
 * plain numbers; the module runs in Node and, bundled, in a browser.
 *
 * Rounding differs between backends, so nothing in here magnifies it: the gradients whose sign an attack takes are far
 * from zero (a test checks that on cpu), attacks make few steps, and training makes few updates, with optimizers that do
 * not divide by the size of the gradient.
 */
import * as tf from '@tensorflow/tfjs-core';
import * as oc from '../../src/index';
import { logitLabels, logitRows, type Network, networks, uniformTensor } from './fixtures';
import { type Numbers, read } from './numbers';
import { attack, attackOnVolumes, fitAndResume, inputGradient, oneStep, scores, tableOne } from './onNetwork';

/** Kinds of computation; tolerances are set by kind. */
export type Kind = 'losses' | 'noise' | 'scores' | 'gradients' | 'attacks' | 'steps' | 'batch-norm steps' | 'training';

/** One computation; it runs on the active backend. */
export interface Computation {
  readonly kind: Kind;
  readonly name: string;
  readonly run: () => Promise<Numbers>;
}

/** Every computation of the suite. */
export const computations: readonly Computation[] = [
  loss('lpOut', oc.lpOut),
  loss('crossEntropy', (logits) => oc.crossEntropy(logits, logitLabels())),
  loss('uniformCrossEntropy', oc.uniformCrossEntropy),
  loss('maxLogOdds', oc.maxLogOdds),
  loss('weightDecay', (logits) => oc.weightDecay([logits, tf.mul(logits, 2)])),
  { kind: 'noise', name: 'noise', run: noise },
  ...Object.entries(networks).flatMap(([name, network]) => onNetwork(name, network)),
  { kind: 'attacks', name: 'MLP: volumes', run: () => attackOnVolumes(networks.MLP) },
  { kind: 'training', name: 'MLP: fit, stopped and resumed', run: () => fitAndResume(networks.MLP) },
  { kind: 'training', name: 'MLP: evaluateOod', run: () => tableOne(networks.MLP) },
];

/** A loss and its gradient at logits of every kind. */
function loss(name: string, f: (logits: tf.Tensor2D) => tf.Tensor): Computation {
  const gradient = tf.grad((z: tf.Tensor) => tf.sum(f(z as tf.Tensor2D)));
  const run = () => read(() => ({ value: f(logitRows()), gradient: gradient(logitRows()) }));
  return { kind: 'losses', name, run };
}

function noise(): Promise<Numbers> {
  return read(() => {
    const images = uniformTensor([4, 9, 7, 3], 'images');
    const vectors = uniformTensor([6, 11], 'vectors');
    return {
      uniformNoise: oc.uniformNoise([3, 5, 5, 2], { seed: 1 }),
      permutePixels: oc.permutePixels(images, { seed: 2 }),
      gaussianLowPass: oc.gaussianLowPass(images, [1, 1.5, 2, 2.5]),
      stretchContrast: oc.stretchContrast(tf.mul(images, 0.3)),
      paperNoise: oc.paperNoise(images, { seed: 3 }),
      'paperNoise, one sigma': oc.paperNoise(images, { seed: 4, sigmaPer: 'batch' }),
      'paperNoise of vectors': oc.paperNoise(vectors, { seed: 5 }),
    };
  });
}

function onNetwork(network: string, of: Network): Computation[] {
  const made = (kind: Kind, name: string, run: () => Promise<Numbers>): Computation => {
    return { kind, name: `${network}: ${name}`, run };
  };
  const linf = { epsilon: 0.1, stepSize: 0.04, steps: 4, seed: 1 };
  const l2 = { epsilon: 0.5, steps: 4, restarts: 2, seed: 2 };
  const apgd = { epsilon: 0.1, steps: 6, objective: oc.maxLogOdds, seed: 3 };
  const acet = { seed: 5, epsilon: 0.1, stepSize: 0.04, steps: 3 };
  const steps = of === networks.ResNet ? 'batch-norm steps' : 'steps';
  return [
    made('scores', 'scores', () => scores(of)),
    made('gradients', 'gradient of lpOut by the input', () => inputGradient(of)),
    made('attacks', 'pgdLinf', () => attack(of, (model, x) => oc.pgdLinf(model, x, linf))),
    // The cpu backend takes seconds for a gradient of the ResNet.
    ...(of === networks.ResNet
      ? []
      : [
          made('attacks', 'pgdL2', () => attack(of, (model, x) => oc.pgdL2(model, x, l2))),
          made('attacks', 'apgdLinf', () => attack(of, (model, x) => oc.apgdLinf(model, x, apgd))),
        ]),
    made(steps, 'plain step', () => oneStep(of, oc.plainStep)),
    made(steps, 'CEDA step', () => oneStep(of, (model, by, data) => oc.cedaStep(model, by, data, { seed: 4 }))),
    made(steps, 'ACET step', () => oneStep(of, (model, by, data) => oc.acetStep(model, by, data, acet))),
  ];
}
