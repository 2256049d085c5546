import { once } from '../../core/once';
import type { Axis, Changes, Convolution, LinearMap } from '../types';
import { eachSeeing, seen } from './axes';
import { listRange } from './changes';
import { addRow, addRows, weightedRows } from './denseMap';

/** The map of a convolution. Zeros cost nothing, in either direction. */
export function convMap(convolution: Convolution): LinearMap {
  return mapsOf(convolution).forward;
}

/** The transpose of the map of a convolution, which is what a transposed convolution computes. */
export function transposedConvMap(convolution: Convolution): LinearMap {
  return mapsOf(convolution).backward;
}

function mapsOf(convolution: Convolution): { readonly forward: LinearMap; readonly backward: LinearMap } {
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
    eachSeeing(rows, iy, (oy, wy) =>
      eachSeeing(columns, ix, (ox, wx) => {
        const at = (oy * columns.output + ox) * filters;
        listRange(y, at, filters);
        addRow(y.values, at, filters, kernel, ((wy * columns.window + wx) * channels + channel) * filters, factor);
      }),
    );
  };

  /** Adds `factor` times what entry i of the output is made of. */
  const addTransposedColumn = (x: Changes, i: number, factor: number) => {
    const [pixel, filter] = [Math.floor(i / filters), i % filters];
    eachTap(pixel, (input, tap) => {
      listRange(x, input, channels);
      addRow(x.values, input, channels, turned[tap]!, filter * channels, factor);
    });
  };

  const absolute = once(() => mapsOf({ ...convolution, kernel: kernel.map(Math.abs) }));
  const forward: LinearMap = {
    inputSize,
    outputSize,
    fanIn: taps * channels,
    products: outputSize * taps * channels,
    bytes: 2 * kernel.byteLength,
    convolution,
    absolute: () => absolute().forward,
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
  const backward: LinearMap = {
    inputSize: outputSize,
    outputSize: inputSize,
    products: forward.products,
    bytes: forward.bytes,
    fanIn: mostSeeing(rows) * mostSeeing(columns) * filters,
    absolute: () => absolute().backward,
    addTo: forward.addTransposedTo,
    addTransposedTo: forward.addTo,
    spread(x, y) {
      for (let k = 0; k < y.count; k++) {
        const i = y.entries[k]!;
        if (y.values[i] !== 0) addTransposedColumn(x, i, y.values[i]!);
      }
    },
  };
  return { forward, backward };
}

/** No more windows than that see the same input entry. */
function mostSeeing({ window, stride, dilation }: Axis): number {
  return dilation === 1 ? Math.ceil(window / stride) : window;
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
