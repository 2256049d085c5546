import * as tf from '@tensorflow/tfjs-core';
import { gradientsOf, savedBy } from './backward';
import { compute } from './compute';
import type { FusedNetwork, FusedStep } from './fuse';
import { type FoldedWeights, foldWeights } from './lines';

/** A network with its weights folded as they were at one moment. Its tensors live until `close`. */
export interface FrozenNetwork {
  /** The result for a batch; every intermediate is freed when its last reader has run. The caller owns it. */
  run(x: tf.Tensor): tf.Tensor;
  /** The same, ready for the way back. */
  pull(x: tf.Tensor): Pull;
  close(): void;
}

/** The result for a batch with what its gradient needs, until `back` or `dispose`. */
export interface Pull {
  /** Lives as long as the rest. */
  readonly result: tf.Tensor;
  /** The gradient by the batch, from that by the result; frees everything on its way. The caller owns it. */
  back(dy: tf.Tensor): tf.Tensor;
  dispose(): void;
}

/** Folds the weights of a network as they are now. */
export function freeze({ steps, output }: FusedNetwork): FrozenNetwork {
  const weights = tf.tidy(() => steps.map((step) => cloned(foldWeights(step))));
  for (const tensor of weights.flatMap(tensorsOf)) tf.keep(tensor);
  const readers = steps.map((_, place) => (place === output ? 1 : 0));
  const held = [...readers];
  for (const [place, step] of steps.entries()) {
    const saved = savedBy(step);
    if (saved.output) held[place]! += 1;
    for (const input of step.inputs) {
      readers[input]! += 1;
      held[input]! += saved.inputs ? 2 : 1;
    }
  }
  return {
    run: (x) => {
      const results = forward(steps, weights, x, readers);
      const result = tf.clone(results.at(output));
      results.dispose();
      return result;
    },
    pull: (x) => {
      const results = forward(steps, weights, x, held);
      return {
        result: results.at(output),
        back: (dy) => backward(steps, weights, results, output, dy),
        dispose: results.dispose,
      };
    },
    close: () => tf.dispose(weights),
  };
}

/** Clones share the numbers of the model's own weights, and keep them if the model is trained meanwhile. */
function cloned(weights: FoldedWeights): FoldedWeights {
  return Object.fromEntries(
    Object.entries(weights).flatMap(([name, tensor]) => (tensor === undefined ? [] : [[name, tf.clone(tensor)]])),
  );
}

function tensorsOf(weights: FoldedWeights): tf.Tensor[] {
  return Object.values(weights).filter((tensor) => tensor !== undefined);
}

/** The results of the steps, each until it has been used as often as was said. */
interface Results {
  at(place: number): tf.Tensor;
  shape(place: number): readonly number[];
  put(place: number, result: tf.Tensor): void;
  used(place: number): void;
  dispose(): void;
}

function resultsOf(uses: readonly number[]): Results {
  const left = [...uses];
  const tensors: tf.Tensor[] = [];
  return {
    at: (place) => tensors[place]!,
    shape: (place) => tensors[place]!.shape,
    put: (place, result) => {
      tensors[place] = result;
    },
    used: (place) => {
      left[place]! -= 1;
      if (left[place] === 0) tensors[place]!.dispose();
    },
    dispose: () => tf.dispose(tensors),
  };
}

function forward(
  steps: readonly FusedStep[],
  weights: readonly FoldedWeights[],
  x: tf.Tensor,
  uses: readonly number[],
): Results {
  const results = resultsOf(uses);
  try {
    for (const [place, step] of steps.entries()) {
      const inputs = step.inputs.map(results.at);
      results.put(
        place,
        tf.tidy(() => (step.operation.kind === 'input' ? tf.clone(x) : compute(step, weights[place]!, inputs))),
      );
      step.inputs.forEach(results.used);
    }
    return results;
  } catch (error) {
    results.dispose();
    throw error;
  }
}

function backward(
  steps: readonly FusedStep[],
  weights: readonly FoldedWeights[],
  results: Results,
  output: number,
  dy: tf.Tensor,
): tf.Tensor {
  const gradients = new Map<number, tf.Tensor>([[output, tf.clone(dy)]]);
  try {
    results.used(output);
    for (let place = steps.length - 1; place > 0; place--) {
      const step = steps[place]!;
      const gradient = gradients.get(place)!;
      const saved = savedBy(step);
      const shapes = step.inputs.map(results.shape);
      const inputs = step.inputs.map((input) => (saved.inputs ? results.at(input) : undefined));
      const seen = { shapes, inputs, output: saved.output ? results.at(place) : undefined };
      const parts = tf.tidy(() =>
        gradientsOf(step, weights[place]!, gradient, seen).map((part) => (part === gradient ? tf.clone(part) : part)),
      );
      gradient.dispose();
      gradients.delete(place);
      for (const [i, input] of step.inputs.entries()) {
        add(gradients, input, parts[i]!);
        if (saved.inputs) results.used(input);
      }
      if (saved.output) results.used(place);
    }
    return gradients.get(0)!;
  } catch (error) {
    tf.dispose([...gradients.values()]);
    throw error;
  } finally {
    results.dispose();
  }
}

function add(gradients: Map<number, tf.Tensor>, place: number, part: tf.Tensor): void {
  const before = gradients.get(place);
  gradients.set(place, before === undefined ? part : tf.add(before, part));
  if (before !== undefined) tf.dispose([before, part]);
}
