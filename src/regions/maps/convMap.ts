import type { Changes, LinearMap } from '../types';
import { listRange } from './changes';
import { addRow, addRows, dot, weightedRows } from './rows';
import { type Axis, seeing, seen } from './window';

/** What a convolution is made of; images are [height, width, channels], flat. */
export interface Convolution {
  /** [window height, window width, input channels, filters], flat. */
  readonly kernel: Float64Array;
  readonly rows: Axis;
  readonly columns: Axis;
  readonly channels: number;
  readonly filters: number;
}

/** The map of a convolution. Zeros of x cost nothing. */
export function convMap({ kernel, rows, columns, channels, filters }: Convolution): LinearMap {
  const inputSize = rows.input * columns.input * channels;
  const outputSize = rows.output * columns.output * filters;
  const patch = weightedRows(rows.window * columns.window * channels);

  /** Calls `use` with the input pixel and the kernel slice of each part of the window at an output pixel. */
  const eachTap = (pixel: number, use: (input: number, slice: number) => void) => {
    const [oy, ox] = [Math.floor(pixel / columns.output), pixel % columns.output];
    for (let wy = 0; wy < rows.window; wy++) {
      const iy = seen(rows, oy, wy);
      if (iy < 0) continue;
      for (let wx = 0; wx < columns.window; wx++) {
        const ix = seen(columns, ox, wx);
        if (ix >= 0) use((iy * columns.input + ix) * channels, (wy * columns.window + wx) * channels * filters);
      }
    }
  };

  /** Adds `factor` times what entry j of the input contributes. */
  const addColumn = (y: Changes, j: number, factor: number) => {
    const [pixel, channel] = [Math.floor(j / channels), j % channels];
    const [iy, ix] = [Math.floor(pixel / columns.input), pixel % columns.input];
    for (let wy = 0; wy < rows.window; wy++) {
      const oy = seeing(rows, iy, wy);
      if (oy < 0) continue;
      for (let wx = 0; wx < columns.window; wx++) {
        const ox = seeing(columns, ix, wx);
        if (ox < 0) continue;
        const at = (oy * columns.output + ox) * filters;
        listRange(y, at, filters);
        addRow(y.values, at, filters, kernel, ((wy * columns.window + wx) * channels + channel) * filters, factor);
      }
    }
  };

  return {
    inputSize,
    outputSize,
    addTo(y, x, count) {
      for (let c = 0; c < count; c++)
        for (let pixel = 0; pixel < rows.output * columns.output; pixel++) {
          let used = 0;
          eachTap(pixel, (input, slice) => {
            for (let channel = 0; channel < channels; channel++) {
              const factor = x[c * inputSize + input + channel]!;
              if (factor === 0) continue;
              patch.factors[used] = factor;
              patch.starts[used++] = slice + channel * filters;
            }
          });
          addRows(y, c * outputSize + pixel * filters, filters, kernel, patch, used);
        }
    },
    addTransposedTo(x, y, count) {
      for (let c = 0; c < count; c++)
        for (let pixel = 0; pixel < rows.output * columns.output; pixel++) {
          const at = c * outputSize + pixel * filters;
          if (allZero(y, at, filters)) continue;
          eachTap(pixel, (input, slice) => {
            for (let channel = 0; channel < channels; channel++)
              x[c * inputSize + input + channel]! += dot(kernel, slice + channel * filters, y, at, filters);
          });
        }
    },
    spread(y, x) {
      for (let k = 0; k < x.count; k++) {
        const j = x.entries[k]!;
        if (x.values[j] !== 0) addColumn(y, j, x.values[j]!);
      }
    },
  };
}

function allZero(y: Float64Array, start: number, length: number): boolean {
  for (let i = start; i < start + length; i++) if (y[i] !== 0) return false;
  return true;
}
