import * as tf from '@tensorflow/tfjs-core';
import { type LayersModel, layers, sequential } from '@tensorflow/tfjs-layers';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { classifier } from '../../src/classifier';
import { createRng } from '../../src/core/rng';
import { radialTemperature } from '../../src/guarantees';
import { growthOf, logitGrowth } from '../../src/guarantees/growth/logitGrowth';
import { convolutionNorm, mapNorms } from '../../src/guarantees/growth/mapNorms';
import { scaledByDiagonal } from '../../src/guarantees/growth/networkGrowth';
import { type Axis, evaluate, type LinearMap, toPiecewiseAffine } from '../../src/regions';
import { convMap, windowAxis } from '../../src/regions/maps/convMap';
import { denseMap } from '../../src/regions/maps/denseMap';
import { sparseMap } from '../../src/regions/read/shapeLayers';
import { onBackend } from '../support/onBackend';
import { architectures, build, normals, oneOfEach } from '../support/regionModels';
import { cloud, confidencesAt, randomStep } from './wrapped';

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

/** Gives the last layer random weights. */
function randomDense(model: LayersModel): void {
  const rng = createRng(5);
  const layer = model.layers.at(-1)!;
  layer.setWeights(
    layer.getWeights().map(({ shape, size }) =>
      tf.tensor(
        Array.from({ length: size }, () => rng.normal()),
        shape,
      ),
    ),
  );
}

// The networks below are built before any test runs.
await tf.setBackend('cpu');

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

describe('convolutionNorm', () => {
  const axis = fc.record({
    input: fc.integer({ min: 4, max: 40 }),
    window: fc.integer({ min: 1, max: 4 }),
    stride: fc.integer({ min: 1, max: 3 }),
    padding: fc.constantFrom('same' as const, 'valid' as const),
    dilation: fc.integer({ min: 1, max: 2 }),
  });
  const convolutions = fc
    .record({
      across: axis,
      down: axis,
      channels: fc.integer({ min: 1, max: 3 }),
      filters: fc.integer({ min: 1, max: 3 }),
      seed: fc.nat(),
    })
    .map(({ across, down, channels, filters, seed }) => {
      const [rows, columns] = [down, across].map(({ input, window, stride, padding, dilation }) => {
        const reach = (window - 1) * dilation + 1;
        return windowAxis(Math.max(input, reach), window, stride, padding, dilation);
      }) as [Axis, Axis];
      const kernel = normals(rows.window * columns.window * channels * filters, createRng(seed));
      return { kernel, rows, columns, channels, filters };
    });

  it('lies above the norm by power iteration, whatever window, stride, dilation and padding', () => {
    fc.assert(
      fc.property(convolutions, (convolution) => {
        expect(convolutionNorm(convolution)).toBeGreaterThanOrEqual(powerIteration(convMap(convolution)));
      }),
      { numRuns: 25 },
    );
  });

  it('is nearly sharp on images much larger than the window, with few frequencies and with all of them', () => {
    for (const stride of [1, 2])
      for (const size of [24, 44]) {
        const rows = windowAxis(size, 3, stride, 'same');
        const kernel = normals(9 * 2 * 3, createRng(`${stride} ${size}`));
        const convolution = { kernel, rows, columns: rows, channels: 2, filters: 3 };
        expect(convolutionNorm(convolution) / powerIteration(convMap(convolution))).toBeLessThan(1.08);
      }
  });

  it('is that of the convolution whose kernel has the scales as factors', () => {
    const rows = windowAxis(9, 3, 1, 'same');
    const [kernel, scales] = [normals(9 * 2 * 4, createRng(3)), Float64Array.of(0.5, 30)];
    const convolution = { kernel, rows, columns: rows, channels: 2, filters: 4 };
    const scaled = kernel.map((value, i) => value * scales[Math.floor(i / 4) % 2]!);
    expect(convolutionNorm(convolution, scales)).toBe(convolutionNorm({ ...convolution, kernel: scaled }));
  });
});

describe('scaledByDiagonal', () => {
  const twice = (rows: number[]) => sparseMap(2, 2, { rows, columns: [0, 1], values: [-2, 3] });

  it('has the sizes of the factors of a diagonal matrix, times the scales there were', () => {
    const once = scaledByDiagonal(twice([0, 1]), { lipschitz: 5 });
    expect(once).toEqual({ lipschitz: 5, scales: Float64Array.of(2, 3), largest: 3 });
    expect(scaledByDiagonal(twice([0, 1]), { lipschitz: 15, scaled: once })!.scales).toEqual(Float64Array.of(4, 9));
  });

  it('knows nothing of matrices that move entries to other places', () => {
    expect(scaledByDiagonal(twice([1, 0]), { lipschitz: 5 })).toBeUndefined();
    expect(scaledByDiagonal(denseMap(Float64Array.of(1, 0, 0, 1), 2, 2), { lipschitz: 5 })).toBeUndefined();
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

  /** Batch normalisation with given weights, from what happens to its only channels. */
  const normalised = (gamma: number[], beta: number[], mean: number[]) =>
    [gamma, beta, mean, gamma.map(() => 1)].map((values) => tf.tensor1d(values));

  it('multiplies a channel that batch normalisation enlarges by the weights that read it, not by all of them', () => {
    const build = (large: number): LayersModel => {
      const kernel = tf.fill([3, 3, 2, 2], 1).arraySync() as number[][][][];
      for (const column of kernel) for (const pixel of column) pixel[1] = [1e-6, 1e-6];
      const model = sequential({
        layers: [
          layers.batchNormalization({ inputShape: [21, 21, 2], epsilon: 1e-9 }),
          layers.reLU(),
          layers.conv2d({ filters: 2, kernelSize: 3, useBias: false, weights: [tf.tensor4d(kernel)] }),
          layers.globalAveragePooling2d({}),
          layers.dense({ units: 2 }),
        ],
      });
      model.layers[0]!.setWeights(normalised([1, large], [0, 0], [0, 0]));
      randomDense(model);
      return model;
    };
    const steepest = (large: number) => {
      const model = build(large);
      const net = toPiecewiseAffine(model);
      model.dispose();
      return Math.max(...logitGrowth(net, new Float64Array(net.inputSize)).pairs);
    };
    expect(steepest(1e4) / steepest(1)).toBeLessThan(1.01);
  });

  it('counts what cancels in a batch normalisation, which float32 does not get back', async () => {
    const model = sequential({
      layers: [layers.batchNormalization({ inputShape: [2], epsilon: 1e-9 }), layers.dense({ units: 2 })],
    });
    model.layers[0]!.setWeights(normalised([1, 1], [12345.678, -12345.678], [12345.678, -12345.678]));
    model.layers[1]!.setWeights([tf.tensor2d([[1, 0], [0, 1]]), tf.zeros([2])]); // biome-ignore format: a matrix
    const net = toPiecewiseAffine(model);
    const { error } = logitGrowth(net, new Float64Array(2));
    const x = [0.1234567, 0.7654321];
    const exact = evaluate(net, Float64Array.from(x, Math.fround));
    // The cpu backend computes in float64 between two tensors.
    const float = await onBackend('wasm', () =>
      tf.tidy(() =>
        classifier(model)
          .logits(tf.tensor2d([x]))
          .dataSync(),
      ),
    );
    const off = Math.abs(difference(float, 0, 1) - difference(exact, 0, 1));
    expect(off).toBeGreaterThan(1e-4);
    expect(off).toBeLessThanOrEqual(error.atCentre + error.perUnit);
    model.dispose();
  });

  it('says how far float32 can go, and a wrapper sees no input that is farther', async () => {
    const model = sequential({
      layers: [1e9, 1e9, 1].map((size, n) =>
        layers.dense({
          units: 2,
          ...(n === 0 && { inputShape: [2] }),
          activation: n < 2 ? 'relu' : 'linear',
          weights: [tf.tensor2d([[size, -size], [-size, size]]), tf.zeros([2])], // biome-ignore format: a matrix
        }),
      ),
    });
    const { reach } = logitGrowth(toPiecewiseAffine(model), new Float64Array(2));
    expect(reach).toBeLessThan(2 ** 120 / 1e18);
    expect(reach).toBeGreaterThan(2 ** 120 / 1e20);
    const x = cloud(20, [2], 1);
    const safe = await radialTemperature(model, x);
    const far = [1, -1, 0.3].map((slope) => [3e38, slope * 3e38]);
    for (const confidence of await confidencesAt(safe, far)) expect(confidence).toBeCloseTo(0.5, 6);
    expect(safe.farAwayRadius(0.01)).toBeLessThan(reach);
    x.dispose();
    model.dispose();
  });

  it('counts that logits of a stated growth are rounded to float32, at the centre and ever more farther away', async () => {
    // Logits s + L r / 2 and -(s + L r / 2): their difference grows by L = 5 for every unit of r.
    const [s, lipschitz] = [1000.1, 5];
    const logits = (x: tf.Tensor) => {
      const first = tf.add(s, tf.mul(lipschitz / 2, tf.norm(x, 2, 1, true)));
      return tf.concat([first, tf.neg(first)], 1) as tf.Tensor2D;
    };
    const net = classifier(logits, { inputShape: [1], bounds: [-1e6, 1e6] });
    const { range, error, pairs } = await growthOf('f', net, net, Float64Array.of(0), { lipschitz });
    expect([...pairs].every((pair) => pair >= lipschitz && pair < lipschitz * (1 + 1e-6))).toBe(true);
    const allowed = (r: number) => error.atCentre + error.perUnit * r;
    const rng = createRng(1);
    for (const scale of [0, 1, 1e3, 1e6]) {
      const off = Array.from({ length: 1000 }, () => {
        const r = scale * rng.uniform();
        const exact = s + (lipschitz / 2) * r;
        expect(range.atCentre + range.perUnit * r).toBeGreaterThanOrEqual(2 * Math.fround(exact));
        return 2 * Math.abs(Math.fround(exact) - exact) - allowed(r);
      });
      expect(Math.max(...off)).toBeLessThanOrEqual(0);
    }
    // Nor is it more than float32 does: two roundings of numbers of that size, and those at the centre once more.
    for (const r of [0, 1e6]) expect(allowed(r)).toBeLessThanOrEqual(2 ** -21 * (s + lipschitz * r) * (1 + 1e-6));
  });
});
