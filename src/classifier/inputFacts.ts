import type * as tf from '@tensorflow/tfjs-core';
import type { LayersModel } from '@tensorflow/tfjs-layers';
import { refuse } from '../core/check';
import { type ImageSize, imageSize } from '../core/imageSize';
import { readNow } from '../core/readNow';
import { type GraphNode, modelGraph } from './net/modelGraph';
import { readGraph } from './net/readGraph';
import type { Affine } from './net/types';
import type { Classifier } from './types';
import { walkGraph } from './walkGraph';

/** Height, width and channels of the inputs of a classifier, if they are images. */
export function imageOf({ inputShape, image = true }: Pick<Classifier, 'inputShape' | 'image'>): ImageSize | undefined {
  return image ? imageSize(inputShape) : undefined;
}

/** What the beginning of a model says about its inputs. */
export interface InputFacts {
  /** Whether the first layer that does more than change values reads them as a sequence. */
  readonly sequence: boolean;
  /** The box that they lie in, if a rescaling brings one that is in use to another, or if they are images of bytes. */
  readonly bounds: readonly [number, number] | undefined;
}

/** Layers that change the values of an input and not what lies beside what. */
const IN_PLACE: ReadonlySet<string> = new Set([
  ...['InputLayer', 'Rescaling', 'Normalization', 'BatchNormalization', 'LayerNormalization', 'Activation', 'ReLU'],
  ...['Dropout', 'SpatialDropout1D', 'GaussianNoise', 'GaussianDropout', 'AlphaDropout'],
]);
/** Layers to which the first axis of `[H, W]` is time, and the second a list of features. */
const OVER_TIME =
  /^(?:Conv1D|SeparableConv1D|(?:Global)?(?:Max|Average)Pooling1D|UpSampling1D|ZeroPadding1D|Cropping1D|SimpleRNN|LSTM|GRU|RNN|Bidirectional|TimeDistributed|Masking)$/;

/** What the first layers of a LayersModel say about its inputs; those that look up token ids are refused. */
export function layersInput(model: LayersModel): InputFacts {
  let sequence = false;
  const scaled: Line[] = [];
  // What is known of each tensor: what has been done to the input so far, or that it is no longer just that.
  walkGraph<Line | 'in place' | undefined>(model, [AS_IT_IS], ({ layer, inputs }) => {
    const before = inputs[0];
    if (before === undefined) return undefined;
    const name = layer.getClassName();
    if (name === 'Embedding') refuseTokens(`layer "${layer.name}" (Embedding)`);
    sequence ||= OVER_TIME.test(name);
    if (name === 'InputLayer') return before;
    const { scale, offset } = layer.getConfig();
    if (name === 'Rescaling' && typeof scale === 'number' && typeof offset === 'number' && before !== 'in place') {
      scaled.push(after(before, { scale, offset }));
      return scaled.at(-1);
    }
    return IN_PLACE.has(name) ? 'in place' : undefined;
  });
  return { sequence, bounds: boundsBefore(scaled) };
}

/** The same of a GraphModel; whether its inputs are sequences cannot be told. */
export function graphInput(model: tf.InferenceModel, output: string, inputShape: readonly number[]): InputFacts {
  const graph = modelGraph(model);
  for (const node of Object.values(graph?.nodes ?? {}))
    if (/^(?:Resource)?Gather(?:V2)?$/.test(node.op) && node.inputs[1] && isPlaceholder(node.inputs[1]))
      refuseTokens(`node "${node.name}" (${node.op})`);
  if (takesBytes(model, inputShape)) return { sequence: false, bounds: [0, 255] };
  const read = readGraph(model, output, inputShape);
  if ('unreadable' in read) return { sequence: false, bounds: undefined };
  const scaled: Line[] = [];
  const lines: (Line | undefined)[] = [AS_IT_IS];
  for (const [i, operation] of read.network.operations.entries()) {
    if (operation.kind !== 'affine') continue;
    const [before, line] = [lines[operation.inputs[0]!], lineOf(operation)];
    if (before === undefined || line === undefined) continue;
    lines[i] = after(before, line);
    scaled.push(lines[i]);
  }
  return { sequence: false, bounds: boundsBefore(scaled) };
}

/** Whether a model takes images as whole numbers: tfjs calls bytes int32, too. */
function takesBytes(model: tf.InferenceModel, inputShape: readonly number[]): boolean {
  return model.inputs[0]?.dtype === 'int32' && inputShape.length === 3 && [1, 3, 4].includes(inputShape[2]!);
}

/** `scale x + offset`. */
interface Line {
  readonly scale: number;
  readonly offset: number;
}

const AS_IT_IS: Line = { scale: 1, offset: 0 };

function after(first: Line, second: Line): Line {
  return { scale: first.scale * second.scale, offset: second.scale * first.offset + second.offset };
}

/** The same line for all values; `undefined` where each has its own, or the numbers cannot be read. */
function lineOf({ shift = 0, factor = 1, divisor = 1, offset = 0 }: Affine): Line | undefined {
  const numbers = [shift, factor, divisor, offset].map((value) =>
    typeof value === 'number' ? value : value.size === 1 ? readNow(value)?.[0] : undefined,
  );
  if (numbers.includes(undefined)) return undefined;
  const [less, times, over, plus] = numbers as [number, number, number, number];
  return { scale: times / over, offset: plus - (less * times) / over };
}

/** Boxes that inputs of models lie in, and boxes that first layers bring them to. */
const BEFORE = [
  [0, 255],
  [0, 1],
  [-1, 1],
] as const;
const AFTER = [
  [0, 1],
  [-1, 1],
  [-0.5, 0.5],
] as const;
/** In widths of a box: 255 / 256 counts as 1. */
const SLACK = 0.005;

/** The box that the first of the lines that does so brings to another box in use; the others may take off a mean. */
function boundsBefore(lines: readonly Line[]): InputFacts['bounds'] {
  const found = lines.flatMap(({ scale, offset }) => {
    const near = (from: number, to: number, width: number) => Math.abs(scale * from + offset - to) <= SLACK * width;
    return BEFORE.filter((before) =>
      AFTER.some(
        (to) => String(to) !== String(before) && [0, 1].every((end) => near(before[end]!, to[end]!, to[1] - to[0])),
      ),
    );
  });
  return found[0];
}

function isPlaceholder(node: GraphNode): boolean {
  if (node.op.startsWith('Placeholder')) return true;
  const passes = ['Identity', 'Cast', 'Reshape', 'ExpandDims', 'Squeeze'].includes(node.op);
  return passes && node.inputs[0] !== undefined && isPlaceholder(node.inputs[0]);
}

function refuseTokens(part: string): never {
  refuse(
    { fn: 'classifier', argument: 'model' },
    'UNSUPPORTED_MODEL',
    'a model of images or other numbers, which lie in a box',
    `one of token ids, which ${part} looks up`,
    'Between two ids there is nothing, so noise and attacks mean nothing to it. Pass the part of the model after that lookup.',
  );
}
