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

/** A graph model `[?, 2] -> (x op number + offset) W` with three classes; GatherV2 looks x up in a table instead. */
export function rescaledGraph(op: 'Mul' | 'RealDiv' | 'GatherV2', number: number, offset: number): Promise<GraphModel> {
  const float = { T: { type: 'DT_FLOAT' } };
  const sizes = (shape: readonly number[]) => ({ dim: shape.map((size) => ({ size: String(size) })) });
  const constant = (name: string, shape: readonly number[], type = 'DT_FLOAT') => ({
    name,
    op: 'Const',
    attr: { dtype: { type }, value: { tensor: { dtype: type, tensorShape: sizes(shape) } } },
  });
  const x = { name: 'x', op: 'Placeholder', attr: { dtype: { type: 'DT_FLOAT' }, shape: { shape: sizes([-1, 2]) } } };
  const lookup = [
    constant('axis', [], 'DT_INT32'),
    { name: 'ids', op: 'Cast', input: ['x'], attr: { SrcT: { type: 'DT_FLOAT' }, DstT: { type: 'DT_INT32' } } },
    { name: 'logits', op, input: ['w', 'ids', 'axis'], attr: {} },
  ];
  const rescaling = [
    { name: 'scaled', op, input: ['x', 'number'], attr: float },
    { name: 'moved', op: 'AddV2', input: ['scaled', 'offset'], attr: float },
    {
      name: 'logits',
      op: 'MatMul',
      input: ['moved', 'w'],
      attr: { ...float, transpose_a: { b: false }, transpose_b: { b: false } },
    },
  ];
  const shapes = { w: [2, 3], number: [], offset: [] } as const;
  const weights = Float32Array.of(...[1, 2, 3, 4, 5, 6].map(Math.sin), number, offset);
  const gather = op === 'GatherV2';
  const constants = Object.entries(shapes).map(([name, shape]) => constant(name, shape));
  const out = { dtype: 'DT_FLOAT', tensorShape: sizes([-1, 3]) };
  return loadGraphModel(
    io.fromMemory({
      modelTopology: { node: [x, ...constants, ...(gather ? lookup : rescaling)], versions: { producer: 1 } },
      signature: {
        inputs: { x: { name: 'x:0', dtype: 'DT_FLOAT', tensorShape: sizes([-1, 2]) } },
        outputs: { logits: { name: 'logits:0', ...out } },
      },
      weightSpecs: [
        ...Object.entries(shapes).map(([name, shape]) => ({ name, shape: [...shape], dtype: 'float32' as const })),
        ...(gather ? [{ name: 'axis', shape: [], dtype: 'int32' as const }] : []),
      ],
      weightData: Uint8Array.of(...new Uint8Array(weights.buffer), ...(gather ? [0, 0, 0, 0] : [])).buffer,
    }),
  );
}
