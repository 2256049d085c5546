import { type GraphModel, loadGraphModel } from '@tensorflow/tfjs-converter';
import { io } from '@tensorflow/tfjs-core';

/** A two-layer graph model `[?, 2] -> relu(x W) V`, with or without a softmax, made from a hand-written topology. */
export async function tinyGraphModel({ softmax }: { softmax: boolean }): Promise<GraphModel> {
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
  const node = [
    {
      name: 'x',
      op: 'Placeholder',
      attr: { dtype: { type: 'DT_FLOAT' }, shape: { shape: { dim: [{ size: '-1' }, { size: '2' }] } } },
    },
    constant('w', [2, 4]),
    constant('v', [4, 3]),
    multiply('hidden', ['x', 'w']),
    { name: 'relu', op: 'Relu', input: ['hidden'], attr: float },
    multiply('logits', ['relu', 'v']),
    ...(softmax ? [{ name: 'probabilities', op: 'Softmax', input: ['logits'], attr: float }] : []),
  ];
  const weights = Float32Array.from({ length: 20 }, (_, i) => Math.sin(i + 1));
  const out = softmax ? 'probabilities' : 'logits';
  const shape = { dtype: 'DT_FLOAT', tensorShape: { dim: [{ size: '-1' }, { size: '3' }] } };
  return loadGraphModel(
    io.fromMemory({
      modelTopology: { node, versions: { producer: 1 } },
      signature: {
        inputs: { x: { name: 'x:0', dtype: 'DT_FLOAT', tensorShape: { dim: [{ size: '-1' }, { size: '2' }] } } },
        outputs: { [out]: { name: `${out}:0`, ...shape } },
      },
      weightSpecs: [
        { name: 'w', shape: [2, 4], dtype: 'float32' },
        { name: 'v', shape: [4, 3], dtype: 'float32' },
      ],
      weightData: weights.buffer,
    } as Parameters<typeof io.fromMemory>[0]),
  );
}
