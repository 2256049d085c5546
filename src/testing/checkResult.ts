import type * as tf from '@tensorflow/tfjs-core';
import { confidenceOf, rowLogOdds } from '../classifier/logOdds';
import { argMax, type ReadOptions, readLogits } from '../classifier/readLogits';
import type { ModelLike } from '../classifier/types';
/** What every check finds. */
export interface CheckResult {
  /** Whether what was asked for holds. */
  readonly holds: boolean;
  /**
   * The numbers in words, for a report of tests: it says what is wrong where the check does not hold and, where it does, what
   * is wrong for someone who expected the opposite.
   */
  readonly message: string;
}

/** Thrown by the assertions of this library; test runners report it as a failure, with its message. */
export class AssertionError<R extends CheckResult = CheckResult> extends Error {
  /** Always 'AssertionError', by which test runners know a failure from a fault. */
  override readonly name = 'AssertionError';
  /** Everything the check found. */
  readonly result: R;

  /** Takes its message from the result. */
  constructor(result: R) {
    super(result.message);
    this.result = result;
  }
}

/** Returns the result of a check that holds, and throws that of one that does not. */
export function demand<R extends CheckResult>(result: R): R {
  if (!result.holds) throw new AssertionError(result);
  return result;
}

/** The message of a check: what was expected, the opposite of it where it holds, and the facts line by line. */
export function wording(holds: boolean, subject: string, claim: string, facts: readonly string[]): string {
  return [`expected ${subject} ${holds ? 'not ' : ''}to ${claim}`, ...facts.map((fact) => `  ${fact}`)].join('\n');
}

/** A number in six digits, which tell a value from a bound that it barely misses. */
export function digits(value: number): string {
  return String(Number(value.toPrecision(6)));
}

/** `1 image`, `2 images`. */
export function counted(count: number, thing: string): string {
  return `${count} ${thing}${count === 1 ? '' : 's'}`;
}

/** One image of those that a check looked at. */
export interface JudgedImage {
  /** Number of the image within the batch, from 0. */
  readonly index: number;
  /** Largest softmax probability of the image. */
  readonly confidence: number;
  /** The class that it belongs to. */
  readonly predicted: number;
}

/** What a model says to each image of a batch. */
export interface Judgement {
  readonly confidences: Float64Array;
  readonly predicted: Int32Array;
  readonly classes: number;
}

/** Classifies a batch in inference mode. */
export async function judge(fn: string, model: ModelLike, x: tf.Tensor, options: ReadOptions): Promise<Judgement> {
  const { values, classes, count, head } = await readLogits(fn, model, x, options);
  return {
    confidences: Float64Array.from({ length: count }, (_, row) =>
      confidenceOf(rowLogOdds(values, row * classes, classes, head)),
    ),
    predicted: Int32Array.from({ length: count }, (_, row) => argMax(values, row * classes, classes)),
    classes,
  };
}

/** The image at an index. */
export function imageAt({ confidences, predicted }: Judgement, index: number): JudgedImage {
  return { index, confidence: confidences[index]!, predicted: predicted[index]! };
}

/** Index of the largest of several numbers; the first of equals. */
export function indexOfLargest(values: ArrayLike<number>): number {
  return argMax(values, 0, values.length);
}

/** An image with its number, confidence and class. */
export function imageInWords({ index, confidence, predicted }: JudgedImage): string {
  return `image ${index}, with confidence ${digits(confidence)} for class ${predicted}`;
}
