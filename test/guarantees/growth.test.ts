import * as tf from '@tensorflow/tfjs-core';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { classifier } from '../../src/classifier';
import { createRng } from '../../src/core/rng';
import { logitGrowth } from '../../src/guarantees/growth/logitGrowth';
import { mapNorms } from '../../src/guarantees/growth/mapNorms';
import { evaluate, type LinearMap, toPiecewiseAffine } from '../../src/regions';
import { denseMap } from '../../src/regions/maps/denseMap';
import { architectures, build, normals, oneOfEach } from '../support/regionModels';
import { randomStep } from './wrapped';

/** A lower bound on the spectral norm, by power iteration, nearly sharp. */
function powerIteration({ inputSize, outputSize, addTo, addTransposedTo }: LinearMap): number {
  let x = normals(inputSize, createRng(1));
  let stretch = 0;
  for (let n = 0; n < 300; n++) {
    const length = Math.hypot(...x);
    const unit = x.map((value) => value / length);
    const y = new Float64Array(outputSize);
    addTo(y, unit, 1);
    stretch = Math.hypot(...y);
    x = new Float64Array(inputSize);
    addTransposedTo(x, y, 1);
    if (stretch === 0) return 0;
  }
  return stretch;
}

/** All affine maps of one small network of every kind. */
const maps = oneOfEach.flatMap(([name, make]) => {
  const model = make();
  const net = toPiecewiseAffine(model);
  model.dispose();
  return net.nodes.flatMap((node) => (node.kind === 'affine' ? [[name, node.map] as const] : []));
});

describe('mapNorms', () => {
  it('lies above the spectral norm by power iteration, and close, for the maps of all layers', () => {
    for (const [name, map] of maps) {
      const [{ spectral, absolute }, stretch] = [mapNorms(map), powerIteration(map)];
      expect(spectral, name).toBeGreaterThanOrEqual(stretch);
      expect(spectral, name).toBeLessThanOrEqual(1.06 * stretch);
      expect(absolute, name).toBeGreaterThanOrEqual(spectral);
    }
  });

  it('bounds a map that is too large for its Gram matrix by its column and row sums', () => {
    const rng = createRng(2);
    const [inputs, outputs] = [401, 402];
    const map = denseMap(
      Float64Array.from({ length: inputs * outputs }, () => rng.normal()),
      inputs,
      outputs,
    );
    const { spectral, fanIn } = mapNorms(map);
    expect(spectral).toBeGreaterThanOrEqual(powerIteration(map));
    expect(spectral).toBeLessThan(inputs * outputs);
    expect(fanIn).toBe(inputs);
  });

  it('is sharp for a matrix with known norms', () => {
    // [[3, 0], [4, 5]] as kernel: A = [[3, 4], [0, 5]] has the singular values sqrt(45) and sqrt(5).
    const norms = mapNorms(denseMap(new Float64Array([3, 0, 4, 5]), 2, 2));
    expect(norms.spectral / Math.sqrt(45)).toBeGreaterThanOrEqual(1);
    expect(norms.spectral / Math.sqrt(45)).toBeLessThan(1.0001);
    expect(norms.absolute).toBeCloseTo(Math.sqrt(50), 7); // Frobenius; sqrt(9 * 7) is larger.
    expect(norms.fanIn).toBe(2);
    expect(mapNorms(denseMap(new Float64Array(4), 2, 2)).spectral).toBe(0);
  });
});

describe('logitGrowth', () => {
  const difference = (z: ArrayLike<number>, k: number, j: number) => z[k]! - z[j]!;

  it('bounds how fast differences of logits change, their range, and what float32 makes of them', async () => {
    await fc.assert(
      fc.asyncProperty(architectures, fc.constantFrom(0.1, 10, 1e4), async (architecture, distance) => {
        const model = build(architecture);
        const net = toPiecewiseAffine(model);
        const view = classifier(model);
        const rng = createRng(architecture.seed);
        const centre = normals(net.inputSize, rng).map(Math.fround);
        const { pairs, range, error } = logitGrowth(net, centre);
        const at = evaluate(net, centre);
        for (let n = 0; n < 3; n++) {
          const step = randomStep(net.inputSize, distance, rng);
          const x = Float32Array.from(centre, (c, i) => c + step[i]!);
          const length = Math.hypot(...centre.map((c, i) => x[i]! - c));
          const exact = evaluate(net, x);
          const image = tf.tensor(x, [1, ...net.inputShape]);
          const logits = view.logits(image);
          const float = await logits.data();
          tf.dispose([image, logits]);
          for (let k = 0; k < net.classes; k++)
            for (let j = 0; j < net.classes; j++) {
              if (j === k) continue;
              const change = Math.abs(difference(exact, k, j) - difference(at, k, j));
              expect(change).toBeLessThanOrEqual(pairs[k * net.classes + j]! * length);
              const most = error.atCentre + error.perUnit * length;
              expect(Math.abs(difference(float, k, j) - difference(exact, k, j))).toBeLessThanOrEqual(most);
              expect(difference(float, k, j)).toBeLessThanOrEqual(range.atCentre + range.perUnit * length);
            }
        }
        model.dispose();
      }),
      { numRuns: 40 },
    );
  });

  it('is sharp for a linear network', () => {
    const model = build({ image: [3, 3, 1], steps: [], ending: 'flatten', hidden: [], softmax: true, seed: 1 });
    const net = toPiecewiseAffine(model);
    const { pairs } = logitGrowth(net, new Float64Array(9));
    // The steepest direction of logit 0 minus logit 1 is the difference of their rows.
    const zero = evaluate(net, new Float64Array(9));
    const row = Array.from({ length: 9 }, (_, i) => {
      const z = evaluate(
        net,
        Float64Array.from({ length: 9 }, (_, j) => (i === j ? 1 : 0)),
      );
      return z[0]! - z[1]! - (zero[0]! - zero[1]!);
    });
    expect(pairs[1]!).toBeCloseTo(Math.hypot(...row), 6);
    model.dispose();
  });
});
