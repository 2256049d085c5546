import * as tf from '@tensorflow/tfjs-core';

/** A tensor as plain data that can be sent to another thread. */
export interface Block {
  readonly values: Float32Array | Int32Array | Uint8Array;
  readonly shape: readonly number[];
  readonly dtype: 'float32' | 'int32' | 'bool';
}

/** A run of rows. */
export interface RowRange {
  readonly first: number;
  readonly count: number;
}

/** Reads a tensor. The values may be the tensor's own and are only to be read. */
export async function readBlock(tensor: tf.Tensor): Promise<Block> {
  const values = (await tensor.data()) as Block['values'];
  return { values, shape: [...tensor.shape], dtype: tensor.dtype as Block['dtype'] };
}

/** Reads a tensor into memory of its own, which may be handed over, and disposes it. */
export async function takeBlock(tensor: tf.Tensor): Promise<Block> {
  const { values, ...block } = await readBlock(tensor);
  tensor.dispose();
  return { ...block, values: values.slice() };
}

/** The tensor of a block; the caller owns it. */
export function toTensor({ values, shape, dtype }: Block): tf.Tensor {
  return tf.tensor(values, [...shape], dtype);
}

/** Splits rows evenly into at most so many parts, none of them empty. */
export function splitRows(count: number, parts: number): RowRange[] {
  const used = Math.min(count, parts);
  return Array.from({ length: used }, (_, i) => {
    const first = Math.floor((i * count) / used);
    return { first, count: Math.floor(((i + 1) * count) / used) - first };
  });
}

/** A copy of some rows, in memory of its own. */
export function sliceRows({ values, shape, dtype }: Block, { first, count }: RowRange): Block {
  const [rows, ...inner] = shape;
  const size = values.length / rows!;
  return { values: values.slice(first * size, (first + count) * size), shape: [count, ...inner], dtype };
}

/** Puts the rows of several float32 blocks under one another again. The caller owns the tensor. */
export function joinRows(blocks: readonly Block[]): tf.Tensor {
  const rows = blocks.reduce((sum, { shape }) => sum + shape[0]!, 0);
  return tf.tensor(joinValues(blocks.map(({ values }) => values)), [rows, ...blocks[0]!.shape.slice(1)]);
}

/** Numbers one after the other. */
export function joinValues(parts: readonly Block['values'][]): Float32Array {
  const joined = new Float32Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    joined.set(part, at);
    at += part.length;
  }
  return joined;
}
