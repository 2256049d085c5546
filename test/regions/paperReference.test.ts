import { describe, expect, test } from 'vitest';
import { softmax } from '../../src/core/softmax';
import { type AffineMap, affineMap, evaluate, toPiecewiseAffine } from '../../src/regions/index';
import { hasPaperModels, loadPaperModel, paperImages, paperReference } from '../support/paperModels';
import { affineAt } from '../support/regionModels';

const TOLERANCE = 1e-5;
const SIZE = 32 * 32 * 3;
const IMAGES = 16;

/** Gradient of max_l log p_l, equal to row l of V less the mean row under p, l the predicted class. */
function gradientOfMaxLogP({ V }: AffineMap, logits: Float64Array): Float64Array {
  const weights = softmax(logits.slice()).map((p) => -p);
  weights[logits.indexOf(Math.max(...logits))]! += 1;
  return new Float64Array(SIZE).map((_, i) => weights.reduce((sum, w, k) => sum + w * V[k * SIZE + i]!, 0));
}

const largestDifference = (got: ArrayLike<number>, want: readonly number[]) =>
  Math.max(...want.map((value, i) => Math.abs(value - got[i]!)));

describe.skipIf(!hasPaperModels)("the authors' CIFAR-10 networks in float64 agree with the reference to 1e-5", () => {
  test.each(['plain', 'ceda', 'acet'] as const)('%s: logits of 16 images, gradients of two', async (method) => {
    const { logits, gradient_of_max_log_p: gradients } = await paperReference(method);
    const pixels = await paperImages(IMAGES);
    const model = await loadPaperModel(method);
    const net = toPiecewiseAffine(model);
    model.dispose();
    for (const [i, want] of logits.entries()) {
      const x = pixels.subarray(i * SIZE, (i + 1) * SIZE);
      const got = evaluate(net, x);
      expect(largestDifference(got, want)).toBeLessThan(TOLERANCE);
      const gradient = gradients[i]?.flat(2);
      if (gradient === undefined) continue;
      const map = affineMap(net, x);
      expect(largestDifference(affineAt(map, x), want)).toBeLessThan(TOLERANCE);
      // Sure of these images, the networks have small gradients: the largest entries are 2e-5 to 2e-3.
      const largest = Math.max(...gradient.map(Math.abs));
      expect(largestDifference(gradientOfMaxLogP(map, got), gradient)).toBeLessThan(TOLERANCE * largest);
    }
  });
});
