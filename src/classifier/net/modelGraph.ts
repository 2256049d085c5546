import type * as tf from '@tensorflow/tfjs-core';
import type { Result } from './build';
import type { Count, Counts, SliceMasks } from './graphNumbers';
import type { OperationKind } from './types';

/** A node of the graph of a GraphModel, as far as it is looked at. */
export interface GraphNode {
  readonly name: string;
  readonly op: string;
  readonly inputs: readonly GraphNode[];
  readonly inputNames: readonly string[];
  readonly signatureKey?: string;
  readonly attrParams?: Readonly<Record<string, { readonly value?: unknown } | undefined>>;
}

/** The graph of a GraphModel with its weights, where tfjs-converter shows it. */
export interface ModelGraph {
  readonly nodes: Readonly<Record<string, GraphNode>>;
  readonly outputs: readonly GraphNode[];
  readonly weights: Readonly<Record<string, readonly tf.Tensor[] | undefined>>;
}

/** Looks into a GraphModel; `undefined` where there is nothing of the expected kind. */
export function modelGraph(model: tf.InferenceModel): ModelGraph | undefined {
  const executor: unknown = Reflect.get(model, 'executor');
  if (!isObject(executor)) return undefined;
  const { graph, weightMap } = executor;
  if (!isObject(graph) || !isObject(graph.nodes) || !Array.isArray(graph.outputs)) return undefined;
  return {
    nodes: graph.nodes as ModelGraph['nodes'],
    outputs: graph.outputs,
    weights: isObject(weightMap) ? (weightMap as ModelGraph['weights']) : {},
  };
}

/** The node that an output comes from, by the name that `execute` takes or by that of the signature. */
export function outputNode({ outputs, nodes }: ModelGraph, output: string): GraphNode | undefined {
  const name = output.replace(/:\d+$/, '');
  return outputs.find((node) => node.name === name || node.signatureKey === name) ?? nodes[name];
}

/** What is fused into a product of matrices or a convolution, in the order in which it is applied: `biasadd`, `relu6`. */
export function fusedInto({ attrParams }: GraphNode): readonly string[] {
  const fused = attrParams?.fusedOps?.value;
  return Array.isArray(fused) ? fused.map((name) => String(name).toLowerCase()) : [];
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null;
}

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
