import type { Axis } from '../types';

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
