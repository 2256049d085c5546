import { refuse } from '../../core/check';
import type { AffineGraphNode, PiecewiseAffine } from '../types';

/** A value of the graph that is being built: its number and its shape without the batch axis. */
export interface Value {
  readonly id: number;
  readonly shape: readonly number[];
}

/** A layer at one of the places where it is used. */
export interface Call {
  /** Name of the layer, for messages and for the nodes made from it. */
  readonly layer: string;
  readonly className: string;
  /** The layer's own description of itself. */
  readonly config: Readonly<Record<string, unknown>>;
  /** Its weights in float64, in the layer's order. */
  readonly weights: () => readonly Float64Array[];
  readonly inputs: readonly Value[];
  /** Shape of its result, without the batch axis. */
  readonly shape: readonly number[];
  /** Whether its result is the result of the whole model, so that a softmax may be left out. */
  readonly last: boolean;
}

/** The nodes gathered so far. */
export type Graph = AffineGraphNode[];

/** Adds the nodes of a layer to the graph and returns its result. */
export type Reader = (graph: Graph, call: Call) => Value;

/** Omits `K` from each member of a union. */
type Without<T, K extends PropertyKey> = T extends unknown ? Omit<T, K> : never;

/** Adds a node and returns its value. */
export function addNode(
  graph: Graph,
  { layer }: Call,
  inputs: readonly Value[],
  shape: readonly number[],
  node: Without<AffineGraphNode, 'layer' | 'inputs' | 'size'>,
): Value {
  graph.push({ ...node, layer, inputs: inputs.map(({ id }) => id), size: sizeOf(shape) });
  return { id: graph.length, shape };
}

/** Number of entries of a shape. */
export function sizeOf(shape: readonly number[]): number {
  return shape.reduce((product, size) => product * size, 1);
}

/** The layer's only input, an image [height, width, channels] whose channels come last; a sequence is an image of one row. */
export function imageInput(call: Call): { readonly input: Value; readonly shape: readonly [number, number, number] } {
  const input = call.inputs[0]!;
  const [height, width, channels] = isSequence(call) ? [1, ...input.shape] : input.shape;
  if (input.shape.length !== (isSequence(call) ? 2 : 3) || call.config.dataFormat === 'channelsFirst')
    unsupported(
      call,
      `${isSequence(call) ? 'sequences [steps, channels]' : 'images [height, width, channels]'} with \`dataFormat: "channelsLast"\``,
    );
  return { input, shape: [height!, width!, channels!] };
}

/** Whether a layer works on sequences, by the name of its class. */
function isSequence({ className }: Call): boolean {
  return className.endsWith('1D');
}

/** One size for both axes, or one for each; sequences have one axis, the second one. */
export type Sizes = number | readonly [number] | readonly [number, number];

/** The size along each of the two axes. */
export function pair(sizes: Sizes): readonly [number, number] {
  if (typeof sizes === 'number') return [sizes, sizes];
  return sizes.length === 1 ? [1, sizes[0]] : sizes;
}

/** The refusal of a layer that cannot be read. */
export function unsupported(
  { layer, className }: Pick<Call, 'layer' | 'className'>,
  expected: string,
  why = '',
): never {
  return refuse(
    { fn: 'toPiecewiseAffine', argument: 'model' },
    'UNSUPPORTED_MODEL',
    expected,
    `layer "${layer}" (${className})${why}`,
    'Replace the layer, or convert the part of the model before it.',
  );
}

/** The finished graph. */
export function finish(nodes: Graph, inputShape: readonly number[], { id, shape }: Value): PiecewiseAffine {
  return { inputShape, inputSize: sizeOf(inputShape), classes: sizeOf(shape), nodes, output: id };
}
