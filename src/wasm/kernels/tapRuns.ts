/** Pixels of one axis of an image's gradient, `stride` apart, that sum over the same taps of the filter. */
export interface TapRun {
  /** The first pixel. */
  readonly start: number;
  readonly count: number;
  /** The taps, and the pixel of the output's gradient that each of them meets for the first pixel; it moves on one by one. */
  readonly taps: readonly Tap[];
}

interface Tap {
  readonly tap: number;
  readonly from: number;
}

/** Sizes of one axis of a convolution. */
export interface AxisSizes {
  readonly input: number;
  readonly output: number;
  readonly filter: number;
  readonly stride: number;
  readonly dilation: number;
  /** Zeros before the image. */
  readonly before: number;
}

/** Which pixels of the output's gradient each pixel of a convolution's input sums over, in runs. */
export function tapRuns(sizes: AxisSizes): TapRun[] {
  const { input, stride } = sizes;
  const names = (taps: readonly Tap[]) => taps.map(({ tap }) => tap).join();
  const runs: TapRun[] = [];
  for (let first = 0; first < Math.min(stride, input); first++) {
    for (let start = first, pixel = first; start < input; start = pixel) {
      const taps = tapsOf(sizes, start);
      while (pixel < input && names(tapsOf(sizes, pixel)) === names(taps)) pixel += stride;
      runs.push({ start, count: (pixel - start) / stride, taps });
    }
  }
  return runs;
}

function tapsOf({ output, filter, stride, dilation, before }: AxisSizes, pixel: number): Tap[] {
  return Array.from({ length: filter }, (_, tap) => ({ tap, from: (pixel + before - tap * dilation) / stride })).filter(
    ({ from }) => Number.isInteger(from) && from >= 0 && from < output,
  );
}
