import { filterMatrix, TILE } from '../../core/winograd';
import { PANEL } from '../simd/multiplySource';

/**
 * The transform `G w G'` of a square filter `[size, size, inputs, outputs]`: 36 matrices `[inputs, outputs]`, each packed
 * in panels of outputs.
 */
export function winogradWeights(filter: Float32Array, size: number, inputs: number, outputs: number): Float32Array {
  const g = filterMatrix(size);
  const channels = inputs * outputs;
  // Each pass turns the axes, so that two of them bring both axes back to their places.
  const along = evaluate(filter, g, size, channels);
  const both = evaluate(along, g, size, channels);
  const packed = new Float32Array(both.length);
  for (let p = 0, to = 0; p < TILE * TILE; p++) {
    for (let panel = 0; panel < outputs; panel += PANEL) {
      for (let i = 0; i < inputs; i++) {
        const from = p * channels + i * outputs + panel;
        for (let lane = 0; lane < PANEL; lane++) packed[to++] = both[from + lane]!;
      }
    }
  }
  return packed;
}

/** Applies `G` along the second axis of `[lines, size, channels]`; the result is `[6, lines, channels]`. */
function evaluate(from: Float32Array, g: readonly (readonly number[])[], size: number, channels: number): Float32Array {
  const lines = from.length / (size * channels);
  const to = new Float32Array(TILE * lines * channels);
  for (let point = 0; point < TILE; point++) {
    for (let line = 0; line < lines; line++) {
      const target = (point * lines + line) * channels;
      for (let k = 0; k < size; k++) {
        const factor = g[point]![k]!;
        const source = (line * size + k) * channels;
        for (let c = 0; c < channels; c++) to[target + c] = to[target + c]! + factor * from[source + c]!;
      }
    }
  }
  return to;
}
