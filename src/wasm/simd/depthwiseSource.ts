import { add, type FunctionSource, forRange, load, loadWhole, mul, set, store, vMax, vMin } from '../../core/assembler';
import { accumulate } from './multiplySource';

/** Most taps that one function adds up. */
export const MOST_TAPS = 9;

/** Channels that are worked on at a time: two vectors, or one where their number is no multiple of eight. */
export const DEPTHWISE_WIDTHS = [4, 8] as const;

/**
 * `depthwiseN(out, outStep, start, startStep, pixels, inStep, channelBytes, weights, limits, inputs)`: N products of a pixel
 * of the input and a weight, channel by channel, added up for a row of `pixels` pixels. At `inputs` lie the N addresses of the
 * input for the first pixel; steps from pixel to pixel are in bytes. The weights are in blocks of N times `width` channels.
 * Sums begin at the values at `start` and end between the limits at `limits`, each of them four times.
 */
export function depthwiseSource(taps: number, width: 4 | 8, fused: boolean): FunctionSource {
  const block = 4 * width;
  return {
    name: `depthwise${taps}x${width}`,
    parameters: 10,
    body: (scope, out, outStep, start, startStep, pixels, inStep, channelBytes, weights, limits, inputs) => {
      const [pixel, channel, place, weight] = [scope.i32(), scope.i32(), scope.i32(), scope.i32()];
      const from = Array.from({ length: taps }, () => scope.i32());
      const sums = Array.from({ length: width / 4 }, () => scope.v128());
      const address = scope.i32();
      const [low, high] = [scope.v128(), scope.v128()];
      return [
        set(low, load(limits)),
        set(high, load(limits, 16)),
        from.map((first, tap) => set(first, loadWhole(inputs, 4 * tap))),
        forRange(pixel, 0, pixels, 1, [
          set(weight, weights),
          forRange(channel, 0, channelBytes, block, [
            set(place, add(mul(pixel, inStep), channel)),
            sums.map((sum, v) => set(sum, load(add(start, channel), 16 * v))),
            from.map((first, tap) => [
              set(address, add(first, place)),
              sums.map((sum, v) => accumulate(fused, sum, load(address, 16 * v), load(weight, block * tap + 16 * v))),
            ]),
            sums.map((sum, v) => store(add(out, channel), vMin(vMax(sum, low), high), 16 * v)),
            set(weight, add(weight, block * taps)),
          ]),
          set(out, add(out, outStep)),
          set(start, add(start, startStep)),
        ]),
      ];
    },
  };
}
