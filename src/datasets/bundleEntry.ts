import type { Where } from '../core/check';
import { refuse } from '../core/check';
import type { NumberType } from './numericArray';
import { type Message, readMessage } from './protobuf';

/** Where a tensor of a checkpoint lies and what it must look like. */
export interface BundleEntry {
  readonly dtype: NumberType | 'string';
  readonly shape: readonly number[];
  readonly shard: number;
  readonly offset: number;
  readonly size: number;
  readonly checksum: number;
}

/** The values of TensorFlow's enum DataType that name numbers, and strings. */
const TYPES: Readonly<Record<number, BundleEntry['dtype']>> = {
  1: 'float32',
  2: 'float64',
  3: 'int32',
  4: 'uint8',
  5: 'int16',
  6: 'int8',
  7: 'string',
  9: 'int64',
  10: 'bool',
  14: 'bfloat16',
  17: 'uint16',
  19: 'float16',
  22: 'uint32',
  23: 'uint64',
};

/** Reads TensorFlow's BundleEntryProto; variables that were saved in slices are refused. */
export function readBundleEntry(where: Where, name: string, bytes: Uint8Array): BundleEntry {
  const entry = readMessage(where, bytes);
  const dtype = TYPES[entry.number(1)];
  if (dtype === undefined || entry.bytes(7).length > 0)
    refuse(
      where,
      'INVALID_DATA',
      `an index whose variable "${name}" holds plain numbers in one piece`,
      dtype === undefined ? `data type ${entry.number(1)}` : 'a variable in slices',
      'Save the checkpoint without partitioned, resource, complex and quantised variables.',
    );
  return {
    dtype,
    shape: shapeOf(where, entry),
    shard: entry.number(3),
    offset: entry.number(4),
    size: entry.number(5),
    checksum: entry.number(6),
  };
}

/** TensorShapeProto: a list of dimensions, each with a size. */
function shapeOf(where: Where, entry: Message): number[] {
  return entry
    .bytes(2)
    .flatMap((shape) => readMessage(where, shape).bytes(2))
    .map((dimension) => readMessage(where, dimension).number(1));
}
