import type * as tf from '@tensorflow/tfjs-core';
import type { Result } from './build';
import type { Count, Counts, SliceMasks } from './graphNumbers';
import type { GraphNode } from './modelGraph';
import type { OperationKind } from './types';

/** What a node of a graph computes: from the input of the model, from shapes, or a constant. */
export type GraphValue = Result | Counts | { readonly tensor: tf.Tensor };

/** A node with the values of its inputs, for whoever reads its operation. */
export interface GraphCall {
  readonly node: GraphNode;
  readonly values: readonly GraphValue[];
  /** An attribute by the name that tfjs-converter gives it. */
  attribute(name: string): unknown;
  readonly masks: SliceMasks;
  /** Input number i as the result of an operation; refused if it is none. */
  result(i: number): Result;
  /** Input number i as a constant. */
  constant(i: number): tf.Tensor;
  /** Input number i as known numbers. */
  numbers(i: number): readonly number[];
  /** Input number i as numbers of which some may be the number of examples. */
  counts(i: number): Counts;
  /** Adds an operation; shapes are those of one example. */
  add(kind: OperationKind, inputs: readonly Result[], shape: readonly number[], name?: string): Result;
  /** The result in a shape that is told for the whole batch. */
  reshaped(from: Result, target: readonly Count[]): Result;
  /** Ends the reading here. */
  refuse(why?: string): never;
}

/** Adds the operations of a node, and returns its result or results. */
export type GraphReader = (call: GraphCall) => Result | readonly Result[];
