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

/** The input entry that the window at output entry `o` sees at its own entry `w`, or -1 where that is padding. */
export function seen({ input, stride, dilation, before }: Axis, o: number, w: number): number {
  const i = o * stride + w * dilation - before;
  return i < input ? i : -1;
}

/** The output entry whose window sees input entry `i` at its own entry `w`, or -1 when there is none. */
export function seeing({ output, stride, dilation, before }: Axis, i: number, w: number): number {
  const o = (i + before - w * dilation) / stride;
  return Number.isInteger(o) && o < output ? o : -1;
}
