import { refuse, type Where } from '../core/check';
import { byteReader } from './byteReader';

/** A protocol buffer message: the fields that hold numbers, and those that hold bytes, by field number. */
export interface Message {
  /** The last number of a field; 0, the default of protocol buffers, where the field is absent. */
  readonly number: (field: number) => number;
  /** Every byte string of a field, in order. */
  readonly bytes: (field: number) => readonly Uint8Array[];
}

const VARINT = 0;
const EIGHT_BYTES = 1;
const LENGTH = 2;
const FOUR_BYTES = 5;

/** Reads a message of varint, fixed32, fixed64 (skipped) and length-delimited fields. */
export function readMessage(where: Where, bytes: Uint8Array): Message {
  const numbers = new Map<number, number>();
  const strings = new Map<number, Uint8Array[]>();
  const reader = byteReader(where, bytes);
  while (reader.left() > 0) {
    const tag = reader.varint();
    const field = Math.floor(tag / 8);
    const type = tag % 8;
    if (type === VARINT) numbers.set(field, reader.varint());
    else if (type === FOUR_BYTES) numbers.set(field, reader.uint32());
    else if (type === EIGHT_BYTES) reader.take(8);
    else if (type === LENGTH) {
      const found = strings.get(field) ?? [];
      found.push(reader.take(reader.varint()));
      strings.set(field, found);
    } else refuse(where, 'INVALID_DATA', 'protocol buffers', `a field of type ${type}`, 'Fetch the file again.');
  }
  return { number: (field) => numbers.get(field) ?? 0, bytes: (field) => strings.get(field) ?? [] };
}
