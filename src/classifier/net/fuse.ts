import { isOfOutput } from './activations';
import { sizeOf } from './build';
import type { Activation, Affine, BatchNorm, Network, Operation, OperationKind, Pad, Pair, Step } from './types';

/** A factor and an offset for each number, mostly for each channel. */
export type Line = BatchNorm | Affine;

/** One kernel's worth of a network, or little more: an operation with what is folded into it. */
export interface FusedStep extends Omit<Step, 'name'> {
  readonly operation: FusedOperation;
  /** Lines that its input goes through first, folded into its weights. */
  readonly before: readonly Line[];
  /** Lines that its result goes through, folded into its weights. */
  readonly after: readonly Line[];
  /** The function that its result goes through last: one whose derivative is told by its value. */
  readonly activation: Activation | undefined;
}

/** What a step does: an operation, or lines that fold into none. */
export type FusedOperation = Exclude<OperationKind, Line> | { readonly kind: 'lines'; readonly lines: readonly Line[] };

/** A network in fewer steps; the first is the input. */
export interface FusedNetwork {
  readonly steps: readonly FusedStep[];
  /** Place of the step whose result is that of the network. */
  readonly output: number;
}

/**
 * Puts into one step what folds into the weights of an operation or what tfjs computes by the same kernel: batch normalisation
 * and other lines after or before a convolution or a product, padding before a convolution, activations. No weight is
 * read, so the result holds for whatever they become.
 */
export function fuse({ operations, output }: Network): FusedNetwork {
  const readers = countReaders(operations, output);
  /** Steps by the operation whose result is theirs so far. */
  const steps = new Map<number, FusedStep>();
  /** The step whose result only one operation reads. */
  const readOnce = (id: number) => (readers.get(id) === 1 && id !== output ? steps.get(id) : undefined);
  for (const [id, operation] of operations.entries()) {
    if (!readers.has(id)) continue;
    const before = operation.inputs.length === 1 ? readOnce(operation.inputs[0]!) : undefined;
    const longer = before?.activation === undefined && before !== undefined ? continued(before, operation) : undefined;
    if (longer !== undefined) steps.delete(operation.inputs[0]!);
    steps.set(id, longer ?? absorbing(begun(operation), readOnce, steps));
  }
  const places = new Map([...steps.keys()].map((id, place) => [id, place]));
  return {
    steps: [...steps.values()].map((step) => ({ ...step, inputs: step.inputs.map((id) => places.get(id)!) })),
    output: places.get(output)!,
  };
}

/** How many operations read each result that the output depends on. */
function countReaders(operations: readonly Operation[], output: number): ReadonlyMap<number, number> {
  const readers = new Map<number, number>([[output, 0]]);
  for (let id = output; id >= 0; id--)
    if (readers.has(id)) for (const input of operations[id]!.inputs) readers.set(input, (readers.get(input) ?? 0) + 1);
  return readers;
}

/** An operation as a step of its own. */
function begun(operation: Operation): FusedStep {
  const { name: _, inputs, shape, ...kind } = operation;
  const step = { before: [], after: [], activation: undefined, inputs, shape };
  if (isLine(kind)) return { ...step, operation: { kind: 'lines', lines: [kind] } };
  if (kind.kind === 'activation' && isOfOutput(kind.activation))
    return { ...step, operation: { kind: 'lines', lines: [] }, activation: kind.activation };
  return { ...step, operation: kind };
}

/** A step that goes on with one more operation, if that goes into it. */
function continued(step: FusedStep, next: Operation): FusedStep | undefined {
  const { operation, after } = step;
  if (next.kind === 'activation') {
    // The gradient of a pooling is told by its own result.
    const open = operation.kind !== 'pool' && operation.kind !== 'input' && isOfOutput(next.activation);
    return open ? { ...step, activation: next.activation } : undefined;
  }
  if (!isLine(next)) return undefined;
  if (operation.kind === 'lines') return { ...step, operation: { kind: 'lines', lines: [...operation.lines, next] } };
  const product = ['conv2d', 'depthwiseConv2d', 'conv2dTranspose', 'dense'].includes(operation.kind);
  return product && isOfChannels(next, step.shape) ? { ...step, after: [...after, next] } : undefined;
}

/** A step after it has taken in what comes before it; those steps are taken away. */
function absorbing(
  step: FusedStep,
  readOnce: (id: number) => FusedStep | undefined,
  steps: Map<number, FusedStep>,
): FusedStep {
  const { operation, before, inputs } = step;
  if (operation.kind !== 'conv2d' && operation.kind !== 'depthwiseConv2d' && operation.kind !== 'dense') return step;
  const last = readOnce(inputs[0]!);
  if (last === undefined || last.activation !== undefined) return step;
  const taken = { ...step, inputs: last.inputs };
  const padded = operation.kind !== 'dense' && operation.pad !== 'valid';
  if (last.operation.kind === 'lines') {
    const { lines } = last.operation;
    // An offset would not reach the zeros around the image.
    if (!lines.every((line) => isOfChannels(line, last.shape) && (!padded || isFactor(line)))) return step;
    steps.delete(inputs[0]!);
    return absorbing({ ...taken, before: [...lines, ...before] }, readOnce, steps);
  }
  if (operation.kind === 'dense' || padded || operation.filter.rank !== 4) return step;
  if (last.operation.kind !== 'pad' || !isFrame(last.operation)) return step;
  steps.delete(inputs[0]!);
  const [rows, columns] = last.operation.paddings as [Pair, Pair, Pair];
  return absorbing({ ...taken, operation: { ...operation, pad: [rows, columns] } }, readOnce, steps);
}

function isLine(operation: OperationKind): operation is Line {
  return operation.kind === 'batchNorm' || operation.kind === 'affine';
}

/** Whether a line is the same for all numbers of a channel. */
function isOfChannels(line: Line, shape: readonly number[]): boolean {
  if (line.kind === 'batchNorm') return true;
  const channels = shape.at(-1)!;
  return [line.shift, line.factor, line.divisor, line.offset].every(
    (part) =>
      part === undefined ||
      typeof part === 'number' ||
      sizeOf(part.shape) === 1 ||
      (sizeOf(part.shape) === channels && part.shape.at(-1) === channels),
  );
}

/** Whether a line leaves zeros as they are. */
function isFactor(line: Line): boolean {
  return line.kind === 'affine' && line.shift === undefined && line.offset === undefined;
}

/** Zeros around the rows and columns of an image. */
function isFrame({ paddings, fill }: Pad): boolean {
  return fill === 0 && paddings.length === 3 && paddings[2]!.every((size) => size === 0);
}
