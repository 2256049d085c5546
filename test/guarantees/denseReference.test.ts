import { layers, sequential } from '@tensorflow/tfjs-layers';
import { describe, expect, it } from 'vitest';
import { createRng } from '../../src/core/rng';
import { certifiedMaxConfidence } from '../../src/guarantees';
import { type PiecewiseAffine, toPiecewiseAffine } from '../../src/regions';
import { denseMap } from '../../src/regions/maps/denseMap';
import type { LinearMap } from '../../src/regions/types';
import { normals, randomWeights } from '../support/regionModels';

/** The matrix of a map, made column by column, as the map of a dense layer. */
function written({ inputSize, outputSize, addTo }: LinearMap): LinearMap {
  const kernel = new Float64Array(inputSize * outputSize);
  for (let j = 0; j < inputSize; j++) {
    const unit = new Float64Array(inputSize);
    unit[j] = 1;
    addTo(kernel.subarray(j * outputSize, (j + 1) * outputSize), unit, 1);
  }
  return denseMap(kernel, inputSize, outputSize);
}

/** The same network with every convolution written out as a matrix. */
function dense(net: PiecewiseAffine): PiecewiseAffine {
  return {
    ...net,
    nodes: net.nodes.map((node) => (node.kind === 'affine' ? { ...node, map: written(node.map) } : node)),
  };
}

describe('certifiedMaxConfidence of convolutions', () => {
  it.each([
    { side: 5, stride: 1, padding: 'same', channels: 1, filters: 3 },
    { side: 3, stride: 2, padding: 'valid', channels: 2, filters: 17 },
  ] as const)('is that of the matrices that they are: $side x $side, stride $stride', (what) => {
    const { side, stride, padding, channels, filters } = what;
    const model = sequential({
      layers: [
        layers.conv2d({ inputShape: [8, 7, channels], filters, kernelSize: side, strides: stride, padding }),
        layers.reLU(),
        layers.maxPooling2d({ poolSize: 2, padding: 'same' }),
        layers.conv2d({ filters: 5, kernelSize: 2, padding: 'same', activation: 'relu' }),
        layers.flatten(),
        layers.dense({ units: 6, activation: 'relu' }),
        layers.dense({ units: 3 }),
      ],
    });
    randomWeights(model, 4);
    const net = toPiecewiseAffine(model);
    model.dispose();
    const x = [normals(net.inputSize, createRng(2)).map((value) => 0.5 + 0.1 * value)];
    const bounds: [number, number] = [-1, 2];
    for (const method of ['interval', 'crown'] as const)
      for (const norm of ['linf', 'l2'] as const)
        for (const epsilon of [0, 0.005, 0.02, 0.1]) {
          const options = { method, norm, bounds, arithmetic: 'real' } as const;
          const [bound] = certifiedMaxConfidence(net, x, epsilon, options);
          const [reference] = certifiedMaxConfidence(dense(net), x, epsilon, options);
          expect(Math.abs(bound! - reference!)).toBeLessThan(1e-9);
        }
    const [tight, loose] = [0.005, 0.1].map((epsilon) => certifiedMaxConfidence(net, x, epsilon, { bounds })[0]!);
    expect(tight).toBeLessThan(loose!);
  });
});
