import type * as tf from '@tensorflow/tfjs-core';
import { readNow } from '../../core/readNow';
import { type Builder, builder, type Result, reading, sizeOf, unreadable } from './build';
import { BATCH, type Count, type Counts, countsOf, type SliceMasks } from './graphNumbers';
import { GRAPH_OPERATIONS } from './graphOperations';
import { type GraphCall, type GraphNode, type GraphValue, modelGraph, outputNode } from './modelGraph';
import type { NetworkReading } from './types';

/** Constants with more numbers than this say nothing about shapes, and are not read. */
const FEW = 1024;

/** What only hands on its input, at inference. */
const IDENTITIES = ['Identity', 'IdentityN', 'StopGradient', 'CheckNumerics', 'EnsureShape', 'PreventGradient'];

/** Reads how a GraphModel computes one of its outputs from its only input; what it computes from shapes is worked out. */
export function readGraph(model: tf.InferenceModel, output: string, inputShape: readonly number[]): NetworkReading {
  return reading(() => {
    const graph = modelGraph(model) ?? unreadable('the graph, which this version of tfjs-converter does not show');
    const last = outputNode(graph, output) ?? unreadable(`the output "${output}", which is not in the graph`);
    const input = model.inputs[0]!;
    const network = builder(input.name, inputShape);
    const batch = input.shape?.[0] ?? -1;
    const isInput = ({ name, op }: GraphNode) => op.startsWith('Placeholder') && name === bare(input.name);
    const known = new Map<string, readonly GraphValue[]>();
    const valuesOf = (node: GraphNode): readonly GraphValue[] => {
      const before = known.get(node.name);
      if (before !== undefined) return before;
      const values = isInput(node)
        ? [network.input]
        : node.op === 'Const'
          ? (graph.weights[node.name] ?? []).map((tensor) => ({ tensor }))
          : computed(node, network, batch, (name) => valueAt(name));
      known.set(node.name, values);
      return values;
    };
    const valueAt = (name: string): GraphValue => {
      const node = graph.nodes[bare(name)] ?? unreadable(`the node "${bare(name)}", which is not in the graph`);
      const place = Number(/:(\d+)$/.exec(name)?.[1] ?? 0);
      return valuesOf(node)[place] ?? unreadable(`result ${place} of ${told(node)}`);
    };
    const result = valueAt(/:\d+$/.test(output) ? `${last.name}:${output.split(':').at(-1)}` : last.name);
    if (!('id' in result)) return unreadable(`the output "${output}", which does not depend on the input`);
    return network.finish(result);
  });
}

function computed(
  node: GraphNode,
  network: Builder,
  batch: number,
  valueAt: (name: string) => GraphValue,
): readonly GraphValue[] {
  const count = Number(node.attrParams?.n?.value ?? node.inputNames.length);
  const listed = node.op === 'Pack' || node.op === 'AddN' ? node.inputNames.slice(0, count) : node.inputNames;
  const values = listed.map(valueAt);
  const first = values[0];
  if (IDENTITIES.includes(node.op)) return values;
  const call = graphCall(node, values, network, batch);
  if (node.op === 'Shape' && first !== undefined && 'shape' in first && 'id' in first)
    return [{ shape: [first.shape.length + 1], values: [BATCH, ...first.shape] }];
  if (!values.some((value) => 'id' in value)) {
    const counts = values.map((_, i) => call.counts(i));
    const parts = node.op === 'ConcatV2' ? counts.slice(0, -1) : counts;
    const folded = countsOf(node.op, parts, call.masks);
    return folded === undefined ? call.refuse() : [folded];
  }
  const read = GRAPH_OPERATIONS[node.op];
  const results = read === undefined ? call.refuse() : read(call);
  return Array.isArray(results) ? results : [results as Result];
}

/** A node as the readers of operations see it. */
function graphCall(node: GraphNode, values: readonly GraphValue[], network: Builder, batch: number): GraphCall {
  const refuse = (why = ''): never => unreadable(`${told(node)}${why === '' ? '' : `: ${why}`}`);
  const attribute = (name: string) => node.attrParams?.[name]?.value;
  const counts = (i: number): Counts => {
    const value = values[i];
    if (value === undefined) return refuse(`without input ${i}`);
    if ('values' in value) return value;
    if ('tensor' in value && value.tensor.size <= FEW) {
      const read = readNow(value.tensor);
      if (read !== undefined) return { shape: value.tensor.shape, values: Array.from(read) };
    }
    return refuse(`input ${i} is not a constant that can be read`);
  };
  return {
    node,
    values,
    counts,
    refuse,
    attribute,
    masks: masksOf(node),
    result: (i) => {
      const value = values[i];
      return value !== undefined && 'id' in value ? value : refuse(`input ${i} does not depend on that of the model`);
    },
    constant: (i) => {
      const value = values[i];
      return value !== undefined && 'tensor' in value ? value.tensor : refuse(`input ${i} is not a constant`);
    },
    numbers: (i) =>
      counts(i).values.map((count) => (typeof count === 'number' ? count : refuse('the batch size matters'))),
    add: (kind, inputs, shape, name = node.name) => network.add(name, kind, inputs, shape),
    reshaped: (from, target) => {
      const shape = exampleShape(from.shape, target, batch) ?? refuse('examples do not stay apart');
      if (String(shape) === String(from.shape)) return from;
      return network.add(node.name, { kind: 'reshape' }, [from], shape);
    },
  };
}

/** The shape of each example in a target shape of the whole batch; `undefined` if that mixes examples. */
function exampleShape(
  from: readonly number[],
  [first, ...rest]: readonly Count[],
  batch: number,
): readonly number[] | undefined {
  const told = rest.filter((size): size is number => typeof size === 'number' && size >= 0);
  const open = rest.length - told.length;
  const keepsBatch = first === BATCH || (batch > 0 && first === batch);
  if (open > 1 || rest.includes(BATCH) || !(keepsBatch || (first === -1 && open === 0))) return undefined;
  const size = sizeOf(from);
  const shape = rest.map((length) => (typeof length === 'number' && length >= 0 ? length : size / sizeOf(told)));
  return shape.every(Number.isInteger) && sizeOf(shape) === size ? shape : undefined;
}

function masksOf({ attrParams = {} }: GraphNode): SliceMasks {
  const mask = (name: string) => Number(attrParams[name]?.value ?? 0);
  return {
    begin: mask('beginMask'),
    end: mask('endMask'),
    ellipsis: mask('ellipsisMask'),
    newAxis: mask('newAxisMask'),
    shrinkAxis: mask('shrinkAxisMask'),
  };
}

function told({ name, op }: GraphNode): string {
  return `node "${name}" (${op})`;
}

function bare(name: string): string {
  return name.split(':')[0]!;
}
