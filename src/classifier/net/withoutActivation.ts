import type { Network } from './types';

/** A network without the softmax or sigmoid that it ends in; `undefined` if it ends in neither. */
export function withoutActivation({ operations, output, ...network }: Network): Network | undefined {
  const last = operations[output]!;
  const ends = last.kind === 'activation' && (last.activation.name === 'softmax' || last.activation.name === 'sigmoid');
  return ends ? { ...network, operations, output: last.inputs[0]! } : undefined;
}
