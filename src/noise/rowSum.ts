import * as tf from '@tensorflow/tfjs-core';

/** Sums of rows of a table `[R, n]`; the choice of rows was made when the function was. */
export type RowSum = (table: tf.Tensor2D) => tf.Tensor2D;

/**
 * Row i of the result is the sum of the table's rows `rows[i * terms]`, ..., `rows[i * terms + terms - 1]`, added in this
 * order in float32, so every backend that rounds as IEEE 754 says gives the same bits.
 *
 * Call inside `tf.tidy`: the function holds index tensors.
 */
export function rowSum(rows: Int32Array, terms: number): RowSum {
  const backend = tf.getBackend();
  return backend === 'cpu' || backend === 'wasm' ? inOnePass(rows, terms) : termByTerm(rows, terms);
}

/** One kernel for all terms. Not for GPUs: webgl runs it on the CPU, and webgpu adds in no fixed order. */
function inOnePass(rows: Int32Array, terms: number): RowSum {
  const targets = new Int32Array(rows.length);
  for (let i = 0; i < rows.length / terms; i++) targets.fill(i, i * terms, (i + 1) * terms);
  const rowTensor = tf.tensor1d(rows, 'int32');
  const targetTensor = tf.tensor1d(targets, 'int32');
  return (table) => tf.reshape(tf.sparse.sparseSegmentSum(table, rowTensor, targetTensor), [-1, table.shape[1]]);
}

/** {@link rowSum} with operations that every backend runs in the order they are called. */
export function termByTerm(rows: Int32Array, terms: number): RowSum {
  const index = Array.from({ length: terms }, (_, t) => {
    const ofTerm = new Int32Array(rows.length / terms);
    for (let i = 0; i < ofTerm.length; i++) ofTerm[i] = rows[i * terms + t]!;
    return tf.tensor1d(ofTerm, 'int32');
  });
  return (table) => index.map((ofTerm) => tf.gather(table, ofTerm)).reduce((sum, term) => tf.add(sum, term));
}
