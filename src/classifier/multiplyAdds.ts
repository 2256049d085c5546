import { choiceOf } from './inference';
import { sizeOf } from './net/build';
import type { Network, Operation } from './net/types';
import type { Classifier } from './types';

/**
 * Multiplications with a weight, or other operations on one number, in a forward pass of one input: how large a model is, by its
 * operations and not by the clock. `undefined` where these are not known: of a function, or of layers that are not read.
 */
export function multiplyAdds(net: Classifier): number | undefined {
  const network = choiceOf(net)?.().opened?.network;
  return network?.operations.reduce((sum, operation) => sum + work(operation, network), 0);
}

function work(operation: Operation, { operations }: Network): number {
  const values = sizeOf(operation.shape);
  switch (operation.kind) {
    case 'input':
      return 0;
    case 'conv2d':
      return (values * operation.filter.size) / operation.filter.shape.at(-1)!;
    case 'depthwiseConv2d':
      return (values * operation.filter.size) / sizeOf(operation.filter.shape.slice(-2));
    case 'conv2dTranspose':
      return (sizeOf(operations[operation.inputs[0]!]!.shape) * operation.filter.size) / operation.filter.shape.at(-1)!;
    case 'dense':
      return (values * operation.kernel.size) / operation.kernel.shape.at(operation.transposed ? 0 : -1)!;
    default:
      return values;
  }
}
