import type * as tf from '@tensorflow/tfjs-core';

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
