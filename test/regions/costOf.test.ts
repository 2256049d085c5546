import { layers, sequential } from '@tensorflow/tfjs-layers';
import { describe, expect, test } from 'vitest';
import { lenet, mlp } from '../../src/models/index';
import { costOf } from '../../src/regions/costOf';
import { linearRegion, toPiecewiseAffine } from '../../src/regions/index';
import { expectRefusal } from '../support/expectRefusal';

describe('what work on a network costs', () => {
  test('is its products, its decisions and its numbers', () => {
    const model = mlp({ inputShape: [2], hidden: [16, 8], classes: 3, seed: 1 });
    const cost = costOf(toPiecewiseAffine(model));
    model.dispose();
    const kernels = 2 * 16 + 16 * 8 + 8 * 3;
    expect(cost.decisions).toBe(24);
    expect(cost.multiplyAdds).toBe(kernels + 24);
    // A kernel and a bias for each layer, and two slopes and two intercepts for all units of one.
    expect(cost.bytes).toBe(8 * (kernels + 16 + 8 + 3 + 2 * 4));
    expect(cost.passBytes).toBe(8 * (16 + 16));
    // Values of the input, of three layers and of two activations, with their changes; lines of 24 units.
    expect(cost.rayBytes).toBe(13 * (2 + 16 + 16 + 8 + 8 + 3) + (16 + 12) * 24);
  });

  test('counts the products of convolutions', () => {
    const model = lenet({ seed: 1 });
    const { multiplyAdds, decisions } = costOf(toPiecewiseAffine(model));
    model.dispose();
    const products = 28 * 28 * 25 * 32 + 14 * 14 * 25 * 32 * 64 + 3136 * 1024 + 1024 * 10;
    const units = 28 * 28 * 32 + 14 * 14 * 64 + 1024;
    const windows = 14 * 14 * 32 + 7 * 7 * 64;
    expect(decisions).toBe(units + windows);
    expect(multiplyAdds).toBe(products + units + windows);
  });

  test('keeps the normals of a large region from being formed, but not a few of them', async () => {
    const conv = layers.conv2d({ filters: 7, kernelSize: 1, activation: 'relu', inputShape: [80, 80, 1] });
    const model = sequential({ layers: [conv, layers.globalAveragePooling2d({})] });
    const region = linearRegion(toPiecewiseAffine(model), new Float64Array(6400).fill(1));
    model.dispose();
    expect(region.count).toBe(7 * 6400);
    const refused = { code: 'UNSUPPORTED_MODEL', fn: 'linearRegion', argument: 'net' } as const;
    await expectRefusal(() => region.normals, refused);
    await expectRefusal(() => region.facets(), refused);
    const [row] = [region.normalRows(7, 8)];
    expect(row.filter((value) => value !== 0)).toHaveLength(1);
    expect(region.slacks(new Float64Array(6400).fill(1)).every((slack) => slack >= 0)).toBe(true);
  });
});
