import * as tf from '@tensorflow/tfjs-core';
import fc from 'fast-check';

/** Explicit padding of tfjs: one pair per axis, channels last. */
type ExplicitPadding = [[number, number], [number, number], [number, number], [number, number]];

/** A sliding window over small images, of every kind that tfjs accepts. */
export interface Window {
  readonly batch: number;
  readonly height: number;
  readonly width: number;
  readonly inChannels: number;
  readonly outChannels: number;
  readonly filter: [number, number];
  readonly strides: [number, number];
  readonly dilations: [number, number];
  readonly pad: 'same' | 'valid' | number | ExplicitPadding;
  readonly seed: number;
}

const pair = (least: number, most: number) =>
  fc.tuple(fc.integer({ min: least, max: most }), fc.integer({ min: least, max: most }));

const padding: fc.Arbitrary<Window['pad']> = fc.oneof(
  fc.constantFrom('same' as const, 'valid' as const),
  fc.integer({ min: 0, max: 3 }),
  fc.tuple(pair(0, 3), pair(0, 3)).map(([rows, columns]): ExplicitPadding => [[0, 0], rows, columns, [0, 0]]),
);

/** Random windows over so many channels, those left out under which nothing is left of the image. */
const windowsOver = (inChannels: fc.Arbitrary<number>, outChannels: fc.Arbitrary<number>): fc.Arbitrary<Window> =>
  fc
    .record({
      batch: fc.integer({ min: 1, max: 3 }),
      height: fc.integer({ min: 1, max: 7 }),
      width: fc.integer({ min: 1, max: 7 }),
      inChannels,
      outChannels,
      filter: pair(1, 4),
      // Stride 1 has ways of its own, so it is drawn often.
      strides: fc.oneof(fc.constant<[number, number]>([1, 1]), pair(1, 3)),
      dilations: fc.constant<[number, number]>([1, 1]),
      pad: padding,
      seed: fc.integer({ min: 0, max: 1e6 }),
    })
    .filter((window) => Math.min(...outSize(window)) > 0);

const few = fc.integer({ min: 1, max: 5 });

/** Random windows over few channels. */
export const windows = windowsOver(few, few);

/** Random windows over channels enough for vectors, in numbers that fill them and that do not. */
export const wideWindows = windowsOver(fc.integer({ min: 1, max: 20 }), fc.integer({ min: 6, max: 20 }));

/** Random windows over channels that fill vectors, as a depthwise convolution has them. */
export const vectorWindows = windowsOver(fc.constantFrom(4, 8, 12, 16), fc.constant(1));

/** Height and width of the output. */
export function outSize({ batch, height, width, filter, strides, dilations, pad }: Window): [number, number] {
  const [filterHeight, filterWidth] = filter;
  const info = tf.backend_util.computeConv2DInfo(
    [batch, height, width, 1],
    [filterHeight, filterWidth, 1, 1],
    strides,
    dilations,
    pad,
  );
  return [info.outHeight, info.outWidth];
}
