import { once } from '../../core/once';
import { paddedWidth, type Rows, rowSums, type Stretches } from '../../core/rowSums';
import type { Axis, Changes, Convolution, LinearMap } from '../types';
import { listRange } from './changes';
import { addRow } from './denseMap';

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
  const pixels = rows.output * columns.output;
  const window = rows.window * columns.window * channels;
  const windows = once(() => windowsOf(convolution));
  // A row for each entry of a window, and one for each filter.
  const byEntry = once(() => padded(window, filters, (entry, filter) => kernel[entry * filters + filter]!));
  const byFilter = once(() => ({
    ...padded(filters, window, (filter, entry) => kernel[entry * filters + filter]!),
    stretches: windows(),
  }));
  const everything = once(() => Int32Array.from({ length: outputSize }, (_, i) => i));

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
    const { matrix, width } = byFilter();
    const { first, places, entries, lengths } = windows();
    for (let s = first[pixel]!; s < first[pixel + 1]!; s++) {
      for (let j = places[s]!; j < places[s]! + lengths[s]!; j += channels) listRange(x, j, channels);
      addRow(x.values, places[s]!, lengths[s]!, matrix, filter * width + entries[s]!, factor);
    }
  };

  const absolute = once(() => mapsOf({ ...convolution, kernel: kernel.map(Math.abs) }));
  const forward: LinearMap = {
    inputSize,
    outputSize,
    fanIn: window,
    products: outputSize * window,
    bytes: kernel.byteLength + 8 * (window * paddedWidth(filters) + filters * paddedWidth(window)),
    convolution,
    absolute: () => absolute().forward,
    addTo(y, x, count) {
      const { first, places, entries, lengths } = windows();
      const sums = rowSums(byEntry());
      for (let c = 0; c < count; c++)
        for (let pixel = 0; pixel < pixels; pixel++) {
          let used = 0;
          for (let s = first[pixel]!; s < first[pixel + 1]!; s++) {
            const [from, entry] = [c * inputSize + places[s]!, entries[s]!];
            for (let k = 0; k < lengths[s]!; k++) {
              const factor = x[from + k]!;
              sums.factors[used] = factor;
              sums.rows[used] = entry + k;
              used += Number(factor !== 0);
            }
          }
          if (used === 0) continue;
          const [sum, to] = [sums.of(used), c * outputSize + pixel * filters];
          for (let filter = 0; filter < filters; filter++) y[to + filter]! += sum[filter]!;
        }
    },
    addTransposedTo(x, y, count, listed = everything()) {
      const { first, places, lengths } = windows();
      const sums = rowSums(byFilter());
      for (let c = 0; c < count; c++) {
        let [low, high] = [inputSize, 0];
        for (let n = 0; n < listed.length; ) {
          const pixel = Math.floor(listed[n]! / filters);
          const start = pixel * filters;
          let used = 0;
          for (; n < listed.length && listed[n]! < start + filters; n++) {
            const factor = y[c * outputSize + listed[n]!]!;
            sums.factors[used] = factor;
            sums.rows[used] = listed[n]! - start;
            used += Number(factor !== 0);
          }
          if (used === 0 || first[pixel] === first[pixel + 1]) continue;
          sums.of(used);
          sums.spread(first[pixel]!, first[pixel + 1]!);
          low = Math.min(low, places[first[pixel]!]!);
          high = Math.max(high, places[first[pixel + 1]! - 1]! + lengths[first[pixel + 1]! - 1]!);
        }
        for (let j = low; j < high; j++) {
          x[c * inputSize + j]! += sums.target[j]!;
          sums.target[j] = 0;
        }
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
    addTo: (x, y, count) => forward.addTransposedTo(x, y, count),
    addTransposedTo: (y, x, count) => forward.addTo(y, x, count),
    spread(x, y) {
      for (let k = 0; k < y.count; k++) {
        const i = y.entries[k]!;
        if (y.values[i] !== 0) addTransposedColumn(x, i, y.values[i]!);
      }
    },
  };
  return { forward, backward };
}

/** What windows see of an image: the window of output pixel o in the stretches `first[o]` up to `first[o + 1] - 1`. */
interface Windows extends Stretches {
  readonly first: Int32Array;
}

/** Neighbours in the window that are neighbours in the image make one stretch; they come in the order of the image. */
function windowsOf({ rows, columns, channels }: Convolution): Windows {
  const first = [0];
  const [places, entries, lengths]: [number[], number[], number[]] = [[], [], []];
  for (let oy = 0; oy < rows.output; oy++)
    for (let ox = 0; ox < columns.output; ox++) {
      for (let wy = 0; wy < rows.window; wy++) {
        const iy = seen(rows, oy, wy);
        if (iy < 0) continue;
        let next = -1;
        for (let wx = 0; wx < columns.window; wx++) {
          const ix = seen(columns, ox, wx);
          if (ix < 0) continue;
          const place = (iy * columns.input + ix) * channels;
          if (place === next) lengths[lengths.length - 1]! += channels;
          else {
            places.push(place);
            entries.push((wy * columns.window + wx) * channels);
            lengths.push(channels);
          }
          next = place + channels;
        }
      }
      first.push(places.length);
    }
  return {
    size: rows.input * columns.input * channels,
    first: Int32Array.from(first),
    places: Int32Array.from(places),
    entries: Int32Array.from(entries),
    lengths: Int32Array.from(lengths),
  };
}

/** A matrix with its rows {@link paddedWidth | padded}. */
function padded(count: number, length: number, entry: (i: number, j: number) => number): Rows {
  const width = paddedWidth(length);
  const matrix = new Float64Array(count * width);
  for (let i = 0; i < count; i++) for (let j = 0; j < length; j++) matrix[i * width + j] = entry(i, j);
  return { matrix, width };
}

/** No more windows than that see the same input entry. */
function mostSeeing({ window, stride, dilation }: Axis): number {
  return dilation === 1 ? Math.ceil(window / stride) : window;
}

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

/** An axis along which every entry is treated by itself. */
export function single(length: number): Axis {
  return windowAxis(length, 1, 1, 'valid');
}

/** The input entry that the window at output entry `o` sees at its own entry `w`, or -1 where that is padding. */
export function seen({ input, stride, dilation, before }: Axis, o: number, w: number): number {
  const i = o * stride + w * dilation - before;
  return i < input ? i : -1;
}

/** Calls `use` with every output entry whose window sees input entry `i`, and with the window's entry that does. */
export function eachSeeing(axis: Axis, i: number, use: (o: number, w: number) => void): void {
  const { output, window, stride, dilation, before } = axis;
  const first = Math.max(0, Math.ceil((i + before - (window - 1) * dilation) / stride));
  const last = Math.min(output - 1, Math.floor((i + before) / stride));
  for (let o = first; o <= last; o++) {
    const w = (i + before - o * stride) / dilation;
    if (Number.isInteger(w)) use(o, w);
  }
}

/** How many input entries each window sees. */
export function countsSeen(axis: Axis): Int32Array {
  return Int32Array.from({ length: axis.output }, (_, o) => {
    let count = 0;
    for (let w = 0; w < axis.window; w++) if (seen(axis, o, w) >= 0) count++;
    return count;
  });
}
