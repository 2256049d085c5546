import { once } from '../../core/once';
import type { Axis, Changes, Convolution, LinearMap } from '../types';
import { listRange } from './changes';
import { addRow, addRows, weightedRows } from './denseMap';

/** The axis of a convolution or pooling, as TensorFlow places it; padding other than 'same' is none, as in tfjs-layers. */
export function windowAxis(input: number, window: number, stride: number, padding: string, dilation = 1): Axis {
  const reach = (window - 1) * dilation + 1;
  if (padding !== 'same') {
    const output = Math.floor((input - reach) / stride) + 1;
    return { input, output, window, stride, dilation, before: 0 };
  }
  const output = Math.ceil(input / stride);
  const padded = Math.max((output - 1) * stride + reach - input, 0);
  return { input, output, window, stride, dilation, before: Math.floor(padded / 2) };
}

/** The input entry that the window at output entry `o` sees at its own entry `w`, or -1 where that is padding. */
export function seen({ input, stride, dilation, before }: Axis, o: number, w: number): number {
  const i = o * stride + w * dilation - before;
  return i < input ? i : -1;
}

/** The output entry whose window sees input entry `i` at its own entry `w`, or -1 when there is none. */
function seeing({ output, stride, dilation, before }: Axis, i: number, w: number): number {
  const o = (i + before - w * dilation) / stride;
  return Number.isInteger(o) && o < output ? o : -1;
}

/** The map of a convolution. Zeros cost nothing, in either direction. */
export function convMap(convolution: Convolution): LinearMap {
  const { kernel, rows, columns, channels, filters } = convolution;
  const inputSize = rows.input * columns.input * channels;
  const outputSize = rows.output * columns.output * filters;
  const taps = rows.window * columns.window;
  const turned = turn(kernel, taps, channels, filters);
  const patch = weightedRows(taps * channels);
  const seenBy = weightedRows(filters);

  /** Calls `use` with the first channel of each input pixel that the window at an output pixel sees, and with its tap. */
  const eachTap = (pixel: number, use: (input: number, tap: number) => void) => {
    const [oy, ox] = [Math.floor(pixel / columns.output), pixel % columns.output];
    for (let wy = 0; wy < rows.window; wy++) {
      const iy = seen(rows, oy, wy);
      if (iy < 0) continue;
      for (let wx = 0; wx < columns.window; wx++) {
        const ix = seen(columns, ox, wx);
        if (ix >= 0) use((iy * columns.input + ix) * channels, wy * columns.window + wx);
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
    fanIn: taps * channels,
    convolution,
    absolute: once(() => convMap({ ...convolution, kernel: kernel.map(Math.abs) })),
    addTo(y, x, count) {
      for (let c = 0; c < count; c++)
        for (let pixel = 0; pixel < rows.output * columns.output; pixel++) {
          let used = 0;
          eachTap(pixel, (input, tap) => {
            for (let channel = 0; channel < channels; channel++) {
              const factor = x[c * inputSize + input + channel]!;
              if (factor === 0) continue;
              patch.factors[used] = factor;
              patch.starts[used++] = (tap * channels + channel) * filters;
            }
          });
          addRows(y, c * outputSize + pixel * filters, filters, kernel, patch, used);
        }
    },
    addTransposedTo(x, y, count) {
      for (let c = 0; c < count; c++)
        for (let pixel = 0; pixel < rows.output * columns.output; pixel++) {
          let used = 0;
          for (let filter = 0; filter < filters; filter++) {
            const factor = y[c * outputSize + pixel * filters + filter]!;
            if (factor === 0) continue;
            seenBy.factors[used] = factor;
            seenBy.starts[used++] = filter * channels;
          }
          if (used === 0) continue;
          eachTap(pixel, (input, tap) => addRows(x, c * inputSize + input, channels, turned[tap]!, seenBy, used));
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

/** The kernel with [filters, channels] for each tap. */
function turn(kernel: Float64Array, taps: number, channels: number, filters: number): Float64Array[] {
  return Array.from({ length: taps }, (_, tap) => {
    const slice = kernel.subarray(tap * channels * filters);
    return Float64Array.from(
      { length: channels * filters },
      (_, e) => slice[(e % channels) * filters + Math.floor(e / channels)]!,
    );
  });
}
