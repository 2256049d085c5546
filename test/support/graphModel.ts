import { type GraphModel, loadGraphModel } from '@tensorflow/tfjs-converter';
import { io } from '@tensorflow/tfjs-core';

/** A two-layer graph model `[?, 2] -> relu(x W) V`, with or without a softmax, made from a hand-written topology. */
export function tinyGraphModel({ softmax }: { softmax: boolean }): Promise<GraphModel> {
  return graphModelEndingIn(softmax ? ['Softmax'] : []);
}

/** How a graph model that ends in other operations differs from the tiny one. */
export interface GraphFacts {
  /** Numbers that it returns for one input. */
  readonly units?: number;
  /** The batch size that it was exported with. */
  readonly batch?: number;
  /** Whether the relu is an output too, beside the last operation. */
  readonly twoOutputs?: boolean;
}

/** The same with any operations at its end, one after the other. */
export async function graphModelEndingIn(
  ops: readonly string[],
  { units = 3, batch = -1, twoOutputs = false }: GraphFacts = {},
): Promise<GraphModel> {
  const constant = (name: string, shape: number[]) => ({
    name,
    op: 'Const',
    attr: {
      dtype: { type: 'DT_FLOAT' },
      value: { tensor: { dtype: 'DT_FLOAT', tensorShape: { dim: shape.map((size) => ({ size: String(size) })) } } },
    },
  });
  const float = { T: { type: 'DT_FLOAT' } };
  const multiply = (name: string, input: string[]) => ({
    name,
    op: 'MatMul',
    input,
    attr: { ...float, transpose_a: { b: false }, transpose_b: { b: false } },
  });
  const nameOf = (i: number) => (i === ops.length - 1 ? 'probabilities' : `op${i}`);
  const node = [
    {
      name: 'x',
      op: 'Placeholder',
      attr: { dtype: { type: 'DT_FLOAT' }, shape: { shape: { dim: [{ size: String(batch) }, { size: '2' }] } } },
    },
    constant('w', [2, 4]),
    constant('v', [4, units]),
    multiply('hidden', ['x', 'w']),
    { name: 'relu', op: 'Relu', input: ['hidden'], attr: float },
    multiply('logits', ['relu', 'v']),
    ...ops.map((op, i) => ({ name: nameOf(i), op, input: [i === 0 ? 'logits' : nameOf(i - 1)], attr: float })),
  ];
  const weights = Float32Array.from({ length: 8 + 4 * units }, (_, i) => Math.sin(i + 1));
  const out = ops.length > 0 ? 'probabilities' : 'logits';
  const shape = { dtype: 'DT_FLOAT', tensorShape: { dim: [{ size: String(batch) }, { size: String(units) }] } };
  return loadGraphModel(
    io.fromMemory({
      modelTopology: { node, versions: { producer: 1 } },
      signature: {
        inputs: {
          x: { name: 'x:0', dtype: 'DT_FLOAT', tensorShape: { dim: [{ size: String(batch) }, { size: '2' }] } },
        },
        outputs: {
          [out]: { name: `${out}:0`, ...shape },
          ...(twoOutputs ? { hidden: { name: 'relu:0', dtype: 'DT_FLOAT' } } : {}),
        },
      },
      weightSpecs: [
        { name: 'w', shape: [2, 4], dtype: 'float32' },
        { name: 'v', shape: [4, units], dtype: 'float32' },
      ],
      weightData: weights.buffer,
    } as Parameters<typeof io.fromMemory>[0]),
  );
}
