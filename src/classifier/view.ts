import type * as tf from '@tensorflow/tfjs-core';
import type { LayersModel } from '@tensorflow/tfjs-layers';
import { refuse } from '../core/check';
import type { Rng } from '../core/rng';
import type { Ending, Forward } from './ending';
import type { InputFacts } from './inputFacts';
import type { NetworkReading } from './net/types';
import type { Classifier } from './types';

/** A model of whatever kind, before it is known how its output is to be read. */
export interface View {
  readonly inputShape: readonly number[];
  /** The model as it is, `[B, ...inputShape]` to `[B, units]`. */
  readonly whole: Forward;
  readonly ending: Ending;
  /** Runs the model, or a part of it, in inference mode or with its layers behaving as training needs them. */
  run(forward: Forward, x: tf.Tensor, training: boolean, rng: Rng | undefined): tf.Tensor;
  /** Reads what `whole` computes in inference mode, where it shows that. */
  readonly read?: () => NetworkReading;
  weights(): Pick<Classifier, 'variables' | 'decayed' | 'state'>;
  readonly layersModel?: LayersModel;
  /** What its beginning says about its inputs. */
  readonly input?: InputFacts;
}

/** The input shape of a model, from what the model says and what the caller says, which must not contradict each other. */
export function inputShapeOf(
  declared: readonly (number | null)[] | undefined,
  told: readonly number[] | undefined,
  fn = 'classifier',
): readonly number[] {
  const where = { fn, argument: 'inputShape' };
  const open = (size: number | null) => size === null || size < 0;
  const said = declared === undefined ? undefined : `[${declared.map((size) => (open(size) ? '?' : size)).join(', ')}]`;
  if (told === undefined) {
    if (declared !== undefined && !declared.some(open)) return declared as number[];
    return refuse(
      where,
      'INVALID_ARGUMENT',
      'given, since the model leaves it open',
      said ?? 'undefined',
      'Pass the shape of one input, for example `inputShape: [32, 32, 3]`.',
    );
  }
  const fits = (size: number | null, i: number) => open(size) || size === told[i];
  if (declared !== undefined && !(declared.length === told.length && declared.every(fits)))
    refuse(where, 'INVALID_OPTION', `the model's own input shape ${said}`, `[${told.join(', ')}]`, 'Leave it out.');
  return told;
}

/** The place of the output that was asked for, which must be asked for where there are several. */
export function outputIndex(names: readonly string[], asked: string | undefined, fn = 'classifier'): number {
  const listed = names.map((name) => `'${name}'`).join(', ');
  const fix = `Pass \`output\`, one of ${listed}.`;
  if (asked === undefined) {
    if (names.length === 1) return 0;
    return refuse(
      { fn, argument: 'model' },
      'UNSUPPORTED_MODEL',
      'a model with one output, or `output` to name the one that tells the classes',
      `${names.length} outputs: ${listed}`,
      fix,
    );
  }
  const bare = (name: string) => name.replace(/:\d+$/, '');
  const at = names.indexOf(asked);
  const place = at >= 0 ? at : names.findIndex((name) => bare(name) === bare(asked));
  if (place >= 0) return place;
  return refuse(
    { fn, argument: 'output' },
    'INVALID_OPTION',
    `the name of an output of the model: ${listed}`,
    `'${asked}'`,
    fix,
  );
}

/** Refuses a model with another number of inputs than one. */
export function checkOneInput(names: readonly string[], fn = 'classifier'): void {
  if (names.length === 1) return;
  refuse(
    { fn, argument: 'model' },
    'UNSUPPORTED_MODEL',
    'a model with one input',
    `${names.length} inputs: ${names.map((name) => `'${name}'`).join(', ')}`,
    'Build a model that keeps one of them, or pass a function that fills in the others.',
  );
}
