import { expect, test } from 'vitest';
import { createRng } from '../../src/core/rng';
import { distanceToBoundary, inscribedBall, linearRegion, toPiecewiseAffine } from '../../src/regions/index';
import { drawNetwork } from '../campaign/networks';

/** Networks on which the simplex method without care for small pivots ended up to 1e7 outside the region. */
test.each([1043, 3866, 7022])(
  'the inscribed ball of a region with hundreds of half-spaces, many nearly equal, lies in it (network %i)',
  (seed) => {
    const { model } = drawNetwork(createRng(`network ${seed}`));
    const net = toPiecewiseAffine(model);
    model.dispose();
    const rng = createRng(`affine maps, regions and distances are those of the network ${seed}`);
    const x = Float64Array.from({ length: net.inputSize }, () => rng.normal());
    const { center, radius } = inscribedBall(net, x);
    const region = linearRegion(net, x);
    const rounding = 1e-13 * Math.hypot(...center);
    for (const [h, slack] of region.slacks(center).entries()) {
      const norm = Math.hypot(...region.normals.subarray(net.inputSize * h, net.inputSize * (h + 1)));
      // A half-space without normal holds everywhere, or nowhere.
      if (norm === 0) continue;
      expect(slack / norm, `half-space ${h}`).toBeGreaterThanOrEqual(radius * (1 - 1e-9) - rounding);
    }
    // The ball around x itself is no larger.
    expect(radius).toBeGreaterThan(distanceToBoundary(net, x));
    expect(radius).toBeLessThan(Number.POSITIVE_INFINITY);
  },
);
