/** What TypeScript knows of the matchers with the global `expect` of @types/jest. */
import type { Tensor } from '@tensorflow/tfjs-core';
import type { OverconfidenceMatchers } from 'relu-overconfidence/testing';

declare global {
  namespace jest {
    interface Matchers<R, T> extends OverconfidenceMatchers {}
  }
}

export async function typed(model: (x: Tensor) => never, noise: Tensor): Promise<void> {
  await expect(model).not.toBeUnconfidentOn(noise, { maxMmc: 0.2 });
  expect([1, 2]).toSeparate([0], { minAuroc: 0.9 });
  // @ts-expect-error: the bound has a name
  await expect(model).toBeUnconfidentOn(noise, 0.2);
}
