/** What TypeScript knows of the matchers with `expect` from @jest/globals. */
import { expect } from '@jest/globals';
import type { Tensor } from '@tensorflow/tfjs-core';
import { matchers, type OverconfidenceMatchers } from 'relu-overconfidence/testing';

declare module 'expect' {
  interface Matchers<R, T> extends OverconfidenceMatchers {}
}

expect.extend(matchers);

export async function typed(model: (x: Tensor) => never, noise: Tensor): Promise<void> {
  await expect(model).not.toBeUnconfidentOn(noise, { maxMmc: 0.2 });
  expect([1, 2]).toSeparate([0], { minAuroc: 0.9 });
}
