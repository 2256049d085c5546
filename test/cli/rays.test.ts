import { layers, sequential } from '@tensorflow/tfjs-layers';
import { expect, test } from 'vitest';
import { LARGE, rayPlan } from '../../src/cli/measure/rays';
import { mlp } from '../../src/models';
import { costOf } from '../../src/regions/costOf';
import { toPiecewiseAffine } from '../../src/regions/toPiecewiseAffine';

const small = toPiecewiseAffine(mlp({ inputShape: [4], hidden: [8], classes: 3, seed: 1 }));
/** A convolution of 32 to 32 channels on 32 x 32 pixels. */
function large(kernelSize: number) {
  const convolution = { kernelSize, filters: 32, padding: 'same' } as const;
  const model = sequential({
    layers: [
      layers.conv2d({ ...convolution, inputShape: [32, 32, 32], activation: 'relu' }),
      layers.globalAveragePooling2d({}),
      layers.dense({ units: 2 }),
    ],
  });
  return toPiecewiseAffine(model);
}

test('of a small network 100 rays are followed; with --quick each of them is given up earlier and looked at more coarsely', () => {
  const [usual, quick] = [rayPlan(small, undefined, false), rayPlan(small, undefined, true)];
  expect([usual.rays, quick.rays, usual.curves, quick.curves]).toEqual([100, 100, 5, 5]);
  expect(quick.maxUpdates).toBeLessThan(usual.maxUpdates);
  expect(quick.pathPoints).toBeLessThan(usual.pathPoints);
  expect(quick.seconds).toBeLessThan(usual.seconds);
});

test('of a large network as many rays as are 600 million products together, but five at least, whether --quick or not', () => {
  for (const kernelSize of [5, 11]) {
    const net = large(kernelSize);
    const { multiplyAdds } = costOf(net);
    expect(multiplyAdds).toBeGreaterThan(LARGE);
    const plan = rayPlan(net, undefined, false);
    expect(plan.rays).toBe(Math.max(5, Math.floor(6e8 / multiplyAdds)));
    expect(rayPlan(net, undefined, true)).toEqual(plan);
    // One curve takes as long as several rays.
    expect(plan.curves).toBe(multiplyAdds <= 5 * LARGE ? 1 : 0);
  }
});

test('the number of rays that the user asks for is followed, of large networks too', () => {
  expect(rayPlan(small, 7, true).rays).toBe(7);
  expect(rayPlan(large(5), 40, false).rays).toBe(40);
});
