import type { KernelConfig } from '@tensorflow/tfjs-core';

/** What enabling has changed, by kernel name: the stock kernel to put back, or `undefined` where there was none. */
export const registered = new Map<string, KernelConfig | undefined>();
