import * as tf from '@tensorflow/tfjs-core';
import { refuse, type Where } from '../core/check';
import type { Ending, Forward } from './ending';
import type { Probe } from './probe';
import type { Classifier, ClassifierOptions } from './types';

/** A model's output made into logits. */
export interface Head {
  readonly reading: Reading;
  readonly head: 'softmax' | 'sigmoids';
  readonly classes: number;
  /** The model, or what is left of it once its softmax or sigmoid is taken off. */
  readonly forward: Forward;
  /** Whether it was taken off. */
  readonly peeled: boolean;
  /** Makes logits of what `forward` returns. */
  readonly toLogits: (out: tf.Tensor) => tf.Tensor;
}

/** How the numbers of a model are to be read. */
export type Reading =
  | 'logits'
  | 'probabilities'
  | 'one logit'
  | 'one probability'
  | 'sigmoid logits'
  | 'sigmoid probabilities';

/** How they are to be read once softmax or sigmoid are taken off. */
const PEELED: { readonly [reading in Reading]?: Reading } = {
  probabilities: 'logits',
  'one probability': 'one logit',
  'sigmoid probabilities': 'sigmoid logits',
};

const WHERE = { fn: 'classifier', argument: 'model' };

/** Activations with values in a fixed interval, of which a softmax can make no confidence near 1. */
const BOUNDED = ['tanh', 'softsign', 'hardSigmoid', 'relu6'];

/** The logits of a model that is known by its last function and by what it did on a few inputs. */
export function headOf(
  whole: Forward,
  ending: Ending,
  probe: Probe,
  outputs: NonNullable<ClassifierOptions['outputs']>,
): Head {
  const { activation, before } = ending;
  const reading =
    outputs === 'auto'
      ? automatic(activation, probe)
      : outputs === 'logits'
        ? asLogits(activation, probe)
        : asProbabilities(activation, probe, outputs);
  const peeled = before !== undefined && reading in PEELED;
  if (!peeled && reading === 'probabilities' && probe.values !== undefined && probe.values !== 'distributions')
    refuseOutputs(
      reading,
      'rows that are not non-negative with a sum of 1',
      "Pass `outputs: 'sigmoids'` for a sigmoid for each class, 'logits' for logits.",
    );
  return headAs(whole, ending, reading, probe.units);
}

/** The logits of a model of which it is settled how it is to be read. */
export function headAs(whole: Forward, { before }: Ending, reading: Reading, units: number): Head {
  const peeled = before !== undefined && reading in PEELED;
  return {
    reading,
    head: reading.startsWith('sigmoid') ? 'sigmoids' : 'softmax',
    classes: units === 1 ? 2 : units,
    forward: peeled ? before : whole,
    peeled,
    toLogits: TO_LOGITS[peeled ? PEELED[reading]! : reading],
  };
}

function automatic(activation: string | undefined, { units, values }: Probe): Reading {
  if (activation === 'softmax' || activation === 'sigmoid')
    return asProbabilities(
      activation,
      { units, mayBeProbabilities: true },
      activation === 'softmax' ? 'probabilities' : 'sigmoid',
    );
  if (activation !== undefined && (BOUNDED.includes(activation) || activation.includes(' ')))
    refuseBounded(units, activation);
  if (units === 1) {
    if (activation === undefined && values === 'in [0, 1]') return 'one probability';
    refuse(
      WHERE,
      'UNSUPPORTED_MODEL',
      'a model with two classes or more, or with one sigmoid unit',
      `one unit that ${activation === 'linear' ? 'has no activation' : 'is not known to end in a sigmoid'}`,
      "Pass `outputs: 'logits'` if it is the logit of class 1 against class 0 (trained with a loss from logits), `outputs: 'sigmoid'` if it is the probability of class 1; a regression has no classes.",
    );
  }
  if (activation === 'linear' || activation === 'logSoftmax') return 'logits';
  if (values === 'distributions') refuseDistributions();
  if (values === 'in [0, 1]')
    refuseSigmoids(
      'values in [0, 1] for all of a few inputs, some far outside the bounds, whose rows do not add up to 1',
    );
  if (values === 'in [-1, 1]')
    refuseBounded(units, 'values in [-1, 1] for all of a few inputs, some far outside the bounds');
  return 'logits';
}

function asLogits(activation: string | undefined, { units, values }: Probe): Reading {
  if (activation === 'softmax' || (values === 'distributions' && activation !== 'linear')) refuseDistributions();
  if (activation === 'sigmoid') {
    if (units > 1) refuseSigmoids(`${units} sigmoid units`);
    refuse(
      WHERE,
      'PROBABILITIES_AS_LOGITS',
      'a model that returns logits',
      'one sigmoid unit',
      'Leave `outputs` out: it is read as two classes.',
    );
  }
  return units === 1 ? 'one logit' : 'logits';
}

function asProbabilities(
  activation: string | undefined,
  { units, mayBeProbabilities }: Omit<Probe, 'values'>,
  outputs: 'probabilities' | 'sigmoid' | 'sigmoids',
): Reading {
  const one = units === 1;
  if (activation === 'softmax') {
    if (one)
      refuseOutputs(
        outputs,
        'a softmax over a single unit, which is always 1',
        'Train it with two units, or with a sigmoid.',
      );
    if (outputs !== 'probabilities') refuseOutputs(outputs, 'a softmax', 'Leave `outputs` out.');
    return 'probabilities';
  }
  if (outputs === 'sigmoids' && one)
    refuseOutputs(outputs, 'a single unit', "Pass `outputs: 'sigmoid'`: it is read as two classes.");
  if (outputs !== 'sigmoids' && !one && activation === 'sigmoid') refuseSigmoids(`${units} sigmoid units`);
  if (outputs === 'sigmoid' && !one)
    refuseOutputs(outputs, `${units} units`, "Pass `outputs: 'sigmoids'` for a sigmoid for each class.");
  if (outputs !== 'probabilities' && activation === 'linear') return one ? 'one logit' : 'sigmoid logits';
  if (outputs === 'probabilities' && !one) return 'probabilities';
  if (mayBeProbabilities === false || (activation !== undefined && activation !== 'sigmoid'))
    refuseOutputs(
      outputs,
      activation === undefined || activation === 'linear'
        ? 'values outside [0, 1]'
        : `an activation that is ${activation}`,
      "Pass `outputs: 'logits'` for logits.",
    );
  return one ? 'one probability' : 'sigmoid probabilities';
}

function refuseDistributions(): never {
  refuse(
    WHERE,
    'PROBABILITIES_AS_LOGITS',
    'a model that returns logits',
    'rows that are non-negative and add up to 1',
    "Pass `outputs: 'probabilities'`, or drop the model's last softmax.",
  );
}

function refuseSigmoids(got: string): never {
  refuse(
    WHERE,
    'PROBABILITIES_AS_LOGITS',
    'a model that returns logits, or probabilities with a sum of 1',
    got,
    "Pass `outputs: 'sigmoids'` for a sigmoid for each class; the confidence is then the largest of them.",
  );
}

function refuseBounded(units: number, got: string): never {
  refuse(
    WHERE,
    'UNSUPPORTED_MODEL',
    'a model that ends in logits, a softmax or sigmoids',
    `a bounded output: ${got}`,
    units === 1
      ? 'Drop the last activation, or train with a sigmoid.'
      : "A softmax makes no confidence near 1 of it. Drop the last activation, or pass `outputs: 'logits'` if the model was trained with a softmax over these very numbers.",
  );
}

function refuseOutputs(outputs: string, got: string, fix: string): never {
  refuse(
    { fn: 'classifier', argument: 'outputs' },
    'INVALID_OPTION',
    `true of the model, which '${outputs}' is not`,
    got,
    fix,
  );
}

/** Smallest normal float32; a probability of zero becomes the finite log-probability -87.3. */
const TINY = 2 ** -126;

const TO_LOGITS: Readonly<Record<Reading, (out: tf.Tensor) => tf.Tensor>> = {
  logits: (out) => out,
  'sigmoid logits': (out) => out,
  // Log-probabilities are logits up to a constant per row and give the same softmax.
  probabilities: logOf,
  'one logit': (z) => tf.concat([tf.zerosLike(z), z], 1),
  // 1 - p is exact in float32 for p >= 1/2, and log(1 - p) for smaller p loses nothing that matters beside log p.
  'one probability': (p) => tf.concat([logOf(tf.sub(1, p)), logOf(p)], 1),
  'sigmoid probabilities': (p) => tf.sub(logOf(p), logOf(tf.sub(1, p))),
};

function logOf(probabilities: tf.Tensor): tf.Tensor {
  return tf.log(tf.maximum(probabilities, TINY));
}

/** Refuses a classifier with a sigmoid for each class, for functions whose mathematics is that of the softmax. */
export function checkSoftmaxHead(where: Where, { head, classes }: Classifier): void {
  if (head !== 'sigmoids') return;
  refuse(
    where,
    'UNSUPPORTED_MODEL',
    'a classifier whose confidence is that of a softmax over its classes',
    `one with a sigmoid for each of its ${classes} classes`,
    'Its confidences, attacks, training and evaluation work; this needs a softmax head.',
  );
}
