import { once } from '../../core/once';
import type { Axis, LinearMap } from '../types';
import { add } from './changes';
import { countsSeen, eachSeeing, seen } from './convMap';

/** What a depthwise convolution is made of; images are [height, width, channels], flat. */
interface Depthwise {
  /** [window height, window width, channels, multiplier], flat; ones if left out. */
  readonly kernel?: Float64Array | undefined;
  readonly rows: Axis;
  readonly columns: Axis;
  readonly channels: number;
  /** Results of each channel. @defaultValue 1 */
  readonly multiplier?: number;
  /** Whether each result is divided by the number of pixels that its window sees. @defaultValue false */
  readonly average?: boolean;
}

/** The map of a depthwise convolution, or of an average over windows. */
export function depthwiseMap(depthwise: Depthwise): LinearMap {
  const { kernel, rows, columns, channels, multiplier = 1, average = false } = depthwise;
  const filters = channels * multiplier;
  const inputSize = rows.input * columns.input * channels;
  const outputSize = rows.output * columns.output * filters;
  const [down, across] = [countsSeen(rows), countsSeen(columns)];
  const most = (counts: Int32Array) => counts.reduce((a, b) => Math.max(a, b), 0);
  const shareAt = (oy: number, ox: number) => (average ? 1 / (down[oy]! * across[ox]!) : 1);

  /** Calls `use` with the first entries that belong together: of the output, of the input and of the kernel. */
  const eachTap = (use: (output: number, input: number, tap: number, share: number) => void) => {
    for (let oy = 0; oy < rows.output; oy++)
      for (let ox = 0; ox < columns.output; ox++)
        for (let wy = 0; wy < rows.window; wy++) {
          const iy = seen(rows, oy, wy);
          if (iy < 0) continue;
          for (let wx = 0; wx < columns.window; wx++) {
            const ix = seen(columns, ox, wx);
            if (ix < 0) continue;
            const [output, input] = [(oy * columns.output + ox) * filters, (iy * columns.input + ix) * channels];
            use(output, input, (wy * columns.window + wx) * filters, shareAt(oy, ox));
          }
        }
  };
  const inputOf = Int32Array.from({ length: filters }, (_, f) => Math.floor(f / multiplier));

  return {
    inputSize,
    outputSize,
    fanIn: most(down) * most(across),
    bytes: kernel?.byteLength ?? 0,
    products: outputSize * most(down) * most(across),
    absolute: once(() => depthwiseMap({ ...depthwise, kernel: kernel?.map(Math.abs) })),
    addTo(y, x, count) {
      for (let c = 0; c < count; c++)
        eachTap((output, input, tap, share) => {
          const [to, from] = [c * outputSize + output, c * inputSize + input];
          for (let f = 0; f < filters; f++) y[to + f]! += share * (kernel?.[tap + f] ?? 1) * x[from + inputOf[f]!]!;
        });
    },
    addTransposedTo(x, y, count) {
      for (let c = 0; c < count; c++)
        eachTap((output, input, tap, share) => {
          const [from, to] = [c * outputSize + output, c * inputSize + input];
          for (let f = 0; f < filters; f++) x[to + inputOf[f]!]! += share * (kernel?.[tap + f] ?? 1) * y[from + f]!;
        });
    },
    spread(y, x) {
      for (let k = 0; k < x.count; k++) {
        const j = x.entries[k]!;
        const change = x.values[j]!;
        if (change === 0) continue;
        const [pixel, channel] = [Math.floor(j / channels), j % channels];
        const [iy, ix] = [Math.floor(pixel / columns.input), pixel % columns.input];
        eachSeeing(rows, iy, (oy, wy) =>
          eachSeeing(columns, ix, (ox, wx) => {
            const [to, tap] = [(oy * columns.output + ox) * filters, (wy * columns.window + wx) * filters];
            for (let f = channel * multiplier; f < (channel + 1) * multiplier; f++)
              add(y, to + f, shareAt(oy, ox) * (kernel?.[tap + f] ?? 1) * change);
          }),
        );
      }
    },
  };
}
