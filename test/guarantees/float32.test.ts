import * as tf from '@tensorflow/tfjs-core';
import { type LayersModel, layers, sequential } from '@tensorflow/tfjs-layers';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { maxConfidenceAttack } from '../../src/attacks';
import { classifier, confidences } from '../../src/classifier';
import { atOnce } from '../../src/core/pausing';
import { createRng } from '../../src/core/rng';
import { certifiedMaxConfidence, radialTemperature } from '../../src/guarantees';
import { float32Errors } from '../../src/guarantees/bounds/float32Errors';
import { allIntervals } from '../../src/guarantees/bounds/intervalBounds';
import { logitGrowth } from '../../src/guarantees/growth/logitGrowth';
import { fastConvolution, roundoffOfSum } from '../../src/guarantees/growth/roundoff';
import { type Convolution, evaluate, toPiecewiseAffine } from '../../src/regions';
import { convMap, windowAxis } from '../../src/regions/maps/convMap';
import { disableWasmTraining, enableWasmTraining } from '../../src/wasm';
import { onBackend } from '../support/onBackend';
import { handMade, normals, randomWeights } from '../support/regionModels';

beforeAll(() => enableWasmTraining());
afterAll(() => disableWasmTraining());

/** Convolutions that the fast kernels take, with kernels from dense to 95 % zeros and entries of very different sizes. */
const convolutions = fc
  .record({
    window: fc.constantFrom(3, 5),
    height: fc.integer({ min: 4, max: 13 }),
    width: fc.integer({ min: 4, max: 13 }),
    padding: fc.constantFrom('same' as const, 'valid' as const),
    channels: fc.constantFrom(4, 8, 16),
    filters: fc.constantFrom(16, 32),
    zeros: fc.constantFrom(0, 0.5, 0.95),
    decades: fc.constantFrom(0, 3, 12),
    seed: fc.nat(1e6),
  })
  .map(({ window, height, width, padding, channels, filters, zeros, decades, seed }) => {
    const rng = createRng(seed);
    const [rows, columns] = [height, width].map((size) => windowAxis(Math.max(size, window), window, 1, padding));
    const drawn = (count: number) =>
      normals(count, rng).map((v) =>
        Math.fround(rng.uniform() < zeros ? 0 : v * 10 ** (decades * (rng.uniform() - 0.5))),
      );
    const kernel = drawn(window * window * channels * filters);
    const convolution: Convolution = { kernel, rows: rows!, columns: columns!, channels, filters };
    return { convolution, padding, x: drawn(rows!.input * columns!.input * channels) };
  });

/** What tfjs computes on wasm with our kernels. */
function onWasm({ kernel, rows, columns, channels, filters }: Convolution, x: Float64Array, padding: 'same' | 'valid') {
  return onBackend('wasm', async () => {
    const result = tf.tidy(() =>
      tf.conv2d(
        tf.tensor4d(Float32Array.from(x), [1, rows.input, columns.input, channels]),
        tf.tensor4d(Float32Array.from(kernel), [rows.window, columns.window, channels, filters]),
        1,
        padding,
      ),
    );
    const values = await result.data();
    result.dispose();
    return values;
  });
}

describe('fastConvolution', () => {
  it("bounds the rounding of Winograd's algorithm, entry by entry, where that of the plain sum is exceeded", async () => {
    let [exceeded, seen] = [0, 0];
    await fc.assert(
      fc.asyncProperty(convolutions, async ({ convolution, padding, x }) => {
        const map = convMap(convolution);
        const fast = fastConvolution(map);
        fc.pre(fast !== undefined);
        const none = new Float64Array(map.inputSize);
        const { errors, peak } = fast!.errors(x, none);
        // The same for a ball of inputs that only touches this one.
        const around = fast!.errors(
          x.map((v) => 0.75 * v),
          x.map((v) => 0.25 * Math.abs(v)),
        ).errors;
        const sizes = x.map(Math.abs);
        const flushed = fast!.flushed(Math.max(...sizes));
        const exact = new Float64Array(map.outputSize);
        const plain = new Float64Array(map.outputSize);
        map.addTo(exact, x, 1);
        map.absolute().addTo(plain, sizes, 1);
        const values = await onWasm(convolution, x, padding);
        const length = (v: ArrayLike<number>) => Math.hypot(...Array.from(v));
        for (const [i, value] of values.entries()) {
          const error = Math.abs(value - exact[i]!);
          if (!(error <= errors[i]! + flushed)) expect.fail(`${error} > ${errors[i]! + flushed}`);
          expect(around[i]!).toBeGreaterThanOrEqual(errors[i]! * (1 - 1e-9));
          expect(peak).toBeGreaterThanOrEqual(Math.abs(value));
          seen++;
          if (error > roundoffOfSum(map.fanIn) * plain[i]!) exceeded++;
        }
        expect(length(values)).toBeLessThanOrEqual(fast!.growth * length(x));
        const random = normals(map.inputSize, createRng(1)).map(Math.abs);
        for (const v of [x, random, random.map(() => 1), random.map((_, i) => (i === 17 ? 1 : 0))])
          expect(length(fast!.errors(v, none).errors)).toBeLessThanOrEqual(fast!.norm * length(v));
      }),
      { numRuns: 40 },
    );
    expect(seen).toBeGreaterThan(1000);
    expect(exceeded).toBeGreaterThan(0);
  });

  it('is near the largest error that can be met', async () => {
    // Rounding errors of either sign cancel where a bound adds them up.
    const rows = windowAxis(12, 3, 1, 'same');
    const rng = createRng(3);
    const kernel = normals(9 * 8 * 16, rng).map(Math.fround);
    const convolution = { kernel, rows, columns: rows, channels: 8, filters: 16 };
    const x = normals(144 * 8, rng).map(Math.fround);
    const map = convMap(convolution);
    const exact = new Float64Array(map.outputSize);
    map.addTo(exact, x, 1);
    const { errors } = fastConvolution(map)!.errors(x, new Float64Array(x.length));
    const values = await onWasm(convolution, x, 'same');
    const ratios = [...values].map((value, i) => errors[i]! / Math.abs(value - exact[i]!));
    expect(Math.min(...ratios)).toBeGreaterThan(1);
    expect(Math.min(...ratios)).toBeLessThan(150);
  });

  it('is there for no convolution that the kernels compute as a plain sum', () => {
    const axis = (size: number, window: number, stride = 1, dilation = 1) =>
      windowAxis(size, window, stride, 'same', dilation);
    const of = (rows: ReturnType<typeof axis>, channels: number, filters: number, columns = rows) => {
      const kernel = new Float64Array(rows.window * columns.window * channels * filters);
      return fastConvolution(convMap({ kernel, rows, columns, channels, filters }));
    };
    expect(of(axis(12, 3), 16, 16)).toBeDefined();
    expect(of(axis(12, 5), 16, 16)).toBeDefined();
    expect(of(axis(12, 3), 6, 16)).toBeUndefined();
    expect(of(axis(12, 3), 16, 24)).toBeDefined();
    expect(of(axis(12, 3), 16, 20)).toBeUndefined();
    expect(of(axis(12, 3, 2), 16, 16)).toBeUndefined();
    expect(of(axis(12, 3, 1, 2), 16, 16)).toBeUndefined();
    expect(of(axis(12, 4), 16, 16)).toBeUndefined();
    expect(of(axis(12, 3), 16, 16, axis(12, 5))).toBeUndefined();
    expect(of(axis(1, 3), 16, 16)).toBeUndefined();
  });
});

/** Where a model runs: the float32 numbers of each are different. */
const places = {
  cpu: (work: () => Promise<void>) => onBackend('cpu', work),
  wasm: async (work: () => Promise<void>) => {
    disableWasmTraining();
    await onBackend('wasm', work).finally(() => enableWasmTraining());
  },
  'wasm with our kernels': (work: () => Promise<void>) => onBackend('wasm', work),
};

/** Runs something on every backend, one after the other. */
async function everywhere(work: (place: string) => Promise<void>): Promise<void> {
  for (const [place, run] of Object.entries(places)) await run(() => work(place));
}

/** Largest confidences at flat points. */
async function confidencesOf(model: LayersModel, points: readonly ArrayLike<number>[]): Promise<Float64Array> {
  const shape = model.inputs[0]!.shape.slice(1) as number[];
  const x = tf.tensor(Float32Array.from(points.flatMap((point) => Array.from(point))), [points.length, ...shape]);
  return confidences(model, x).finally(() => x.dispose());
}

/** Convolutions of the shapes that the fast kernels take, with everything else that a network has around them. */
function convolutional(kernelSize: 3 | 5, seed: number): LayersModel {
  const model = sequential({
    layers: [
      layers.conv2d({ inputShape: [8, 8, 8], filters: 16, kernelSize, padding: 'same', activation: 'relu' }),
      layers.batchNormalization(),
      layers.conv2d({ filters: 16, kernelSize, padding: 'same', activation: 'relu' }),
      layers.maxPooling2d({ poolSize: 2 }),
      layers.flatten(),
      layers.dense({ units: 12, activation: 'relu' }),
      layers.dense({ units: 3 }),
    ],
  });
  randomWeights(model, seed);
  // A read-out that makes rounding errors visible.
  const head = model.layers.at(-1)!;
  tf.tidy(() => head.setWeights(head.getWeights().map((weight) => tf.mul(weight, 1e4 ** (seed % 2)))));
  return model;
}

describe('the float32 bound of certifiedMaxConfidence', () => {
  it('holds where a tile of the fast kernels rounds what no window sees', async () => {
    // The first output sees zeros only; that the others of its tile do not makes it 1e-7 or so instead of 0, times 1e6.
    const model = sequential({
      layers: [
        layers.conv2d({ inputShape: [12, 12, 8], filters: 16, kernelSize: 3, padding: 'same' }),
        layers.flatten(),
        layers.dense({ units: 2, useBias: false }),
      ],
    });
    randomWeights(model, 5);
    const readOut = new Float32Array(144 * 16 * 2);
    for (let f = 0; f < 16; f++) readOut[2 * f] = 1e6 * (-1) ** f;
    model.layers[0]!.setWeights([model.layers[0]!.getWeights()[0]!, tf.zeros([16])]);
    model.layers[2]!.setWeights([tf.tensor2d(readOut, [144 * 16, 2])]);
    const x = new Float32Array(144 * 8);
    const rng = createRng(1);
    for (let y = 2; y < 12; y++) for (let i = 0; i < 96; i++) x[y * 96 + i] = rng.uniform();
    const net = toPiecewiseAffine(model);
    const [real] = certifiedMaxConfidence(net, [x], 0, { arithmetic: 'real' });
    expect(real).toBeCloseTo(0.5, 9);
    const [bound] = certifiedMaxConfidence(net, [x], 0);
    const found: Record<string, number> = {};
    await everywhere(async (place) => {
      found[place] = (await confidencesOf(model, [x]))[0]!;
      expect(found[place]).toBeLessThanOrEqual(bound!);
    });
    expect(found.wasm).toBe(0.5);
    // 0.51 without fused multiply-add, 0.509 with it.
    expect(found['wasm with our kernels']).toBeGreaterThan(0.505);
    model.dispose();
  });

  it('holds where products are too small for float32 and the network makes them large again', async () => {
    const tiny = [1e-25, 1e-25, 1e25, 1e25].map((weight) => ({ kernel: [[weight]], bias: [0] }));
    const model = handMade(...tiny.slice(0, 3), { kernel: [[-1e26, 0]], bias: [0.5, 0] });
    // In exact arithmetic the hidden value is 1e-25, so that the logits are 0.5 - 10 and 0; float32 has 0.5 and 0.
    const net = toPiecewiseAffine(model);
    const sigmoid = (z: number) => 1 / (1 + Math.exp(-z));
    const exact = Math.max(sigmoid(0.5 - 10 * 1.0000001), sigmoid(9.5));
    expect(certifiedMaxConfidence(net, [[1]], 0, { arithmetic: 'real' })[0]).toBeCloseTo(exact, 4);
    for (const weights of [
      [1e-25, 1e-25, 1e25],
      [1e-20, 1e-24, 1e22],
    ]) {
      const chain = handMade(...weights.map((weight) => ({ kernel: [[weight]], bias: [0] })), {
        kernel: [[-1e25, 1e25]],
        bias: [3, -3],
      });
      const read = toPiecewiseAffine(chain);
      for (const method of ['interval', 'crown'] as const) {
        const [bound] = certifiedMaxConfidence(read, [[1]], 0.01, { method, bounds: [0, 2] });
        await everywhere(async () => {
          const found = await confidencesOf(chain, [[1], [0.995], [1.005]]);
          expect(Math.max(...found)).toBeLessThanOrEqual(bound!);
        });
      }
      chain.dispose();
    }
    model.dispose();
  });

  it('is 1 where float32 overflows, also if exact arithmetic comes back from there', async () => {
    const model = handMade(
      { kernel: [[1e30, 1e30]], bias: [0, 0] },
      { kernel: [[1e10, 0], [0, 1e10]], bias: [0, 0] }, // biome-ignore format: a matrix
      { kernel: [[1e-20, 0], [-1e-20, 0]], bias: [0, 0] }, // biome-ignore format: a matrix
      { kernel: [[1e-20, 0], [0, 0]], bias: [0, 0] }, // biome-ignore format: a matrix
    );
    const net = toPiecewiseAffine(model);
    for (const method of ['interval', 'crown'] as const) {
      expect(certifiedMaxConfidence(net, [[0.5]], 0, { method, arithmetic: 'real' })[0]).toBeLessThan(0.6);
      expect(certifiedMaxConfidence(net, [[0.5]], 0, { method })[0]).toBe(1);
    }
    expect(certifiedMaxConfidence(net, [[1e300]], 0, { bounds: [0, 1e301] })[0]).toBe(1);
    model.dispose();
  });

  it('holds at a point that float32 cannot hold', async () => {
    // The model sees the nearest float32 to 0.1, which is larger by 1.5e-9, and multiplies by 1e9.
    const model = handMade({ kernel: [[1e9, 0]], bias: [-1e8, 0] });
    const net = toPiecewiseAffine(model);
    for (const value of [0.1, 0.3, 1e-41]) {
      const scaled = handMade({ kernel: [[Math.min(1e38, 2 ** 26 / value), 0]], bias: [-(2 ** 26), 0] });
      const [bound] = certifiedMaxConfidence(toPiecewiseAffine(scaled), [[value]], 0);
      await everywhere(async () => {
        expect((await confidencesOf(scaled, [[value]]))[0]!).toBeLessThanOrEqual(bound!);
      });
      scaled.dispose();
    }
    expect(certifiedMaxConfidence(net, [[0.1]], 0)[0]!).toBeGreaterThan(1 / (1 + Math.exp(-1.49)));
    model.dispose();
  });

  it.each([3, 5] as const)(
    'is never exceeded by attacks on any backend, with filters of side %i',
    async (kernelSize) => {
      for (let seed = 0; seed < 4; seed++) {
        const model = convolutional(kernelSize, seed);
        const net = toPiecewiseAffine(model);
        const rng = createRng(seed);
        const rows = Array.from({ length: 2 }, () => Float32Array.from({ length: net.inputSize }, () => rng.uniform()));
        const x = tf.tensor(Float32Array.from(rows.flatMap((row) => [...row])), [2, 8, 8, 8]);
        for (const epsilon of [0, 1e-5, 0.01]) {
          const bounds = certifiedMaxConfidence(net, x, epsilon, { method: 'interval' });
          await everywhere(async () => {
            const found = [...(await confidencesOf(model, rows))];
            if (epsilon > 0) {
              const { adversarial, objective } = maxConfidenceAttack(model, x, { epsilon, seed, steps: 4 });
              found.push(...(await confidences(model, adversarial)));
              tf.dispose([adversarial, objective]);
            }
            for (const [i, confidence] of found.entries()) expect(confidence).toBeLessThanOrEqual(bounds[i % 2]!);
          });
        }
        x.dispose();
        model.dispose();
      }
    },
  );

  it('counts the error of every logit on every backend, and little more', async () => {
    for (let seed = 0; seed < 3; seed++) {
      const model = convolutional(3, 2 * seed);
      const net = toPiecewiseAffine(model);
      const rng = createRng(seed);
      const x = Float32Array.from({ length: net.inputSize }, () => rng.uniform());
      const point = Float64Array.from(x);
      const errors = atOnce(float32Errors(net, allIntervals(net, { lower: point, upper: point })));
      const growth = logitGrowth(net, point);
      const exact = evaluate(net, x);
      await everywhere(async () => {
        const image = tf.tensor(x, [1, 8, 8, 8]);
        const logits = classifier(model).logits(image);
        for (const [k, value] of (await logits.data()).entries()) {
          expect(Math.abs(value - exact[k]!)).toBeLessThanOrEqual(errors[k]!);
          expect(Math.abs(value - exact[k]!)).toBeLessThanOrEqual(growth.error.atCentre);
          expect(errors[k]!).toBeLessThan(0.1 * Math.max(...exact.map(Math.abs)));
        }
        tf.dispose([image, logits]);
      });
      model.dispose();
    }
  });
});

describe('the float32 error of logitGrowth', () => {
  it('counts products that are too small for float32', async () => {
    const chain = handMade(...[1e-25, 1e-25, 1e25].map((weight) => ({ kernel: [[weight]], bias: [0] })), {
      kernel: [[-1e25, 1e25]],
      bias: [3, -3],
    });
    const { error } = logitGrowth(toPiecewiseAffine(chain), Float64Array.of(1));
    // The difference of the logits is 6 - 2 in exact arithmetic and 6 in float32.
    expect(error.atCentre).toBeGreaterThan(2);
    chain.dispose();
  });

  it('is unknown where float32 overflows, and wrappers promise nothing there', async () => {
    const model = handMade(
      { kernel: [[1e30, 1e30]], bias: [0, 0] },
      { kernel: [[1e5, 0], [0, 1e5]], bias: [0, 0] }, // biome-ignore format: a matrix
      { kernel: [[1e-36, 0], [0, 0]], bias: [0, 0] }, // biome-ignore format: a matrix
    );
    const { error, range } = logitGrowth(toPiecewiseAffine(model), Float64Array.of(0.5));
    expect([error.atCentre, range.perUnit]).toEqual([Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY]);
    const x = tf.tensor2d([[0.4], [0.6]]);
    const safe = await radialTemperature(model, x);
    expect(safe.farAwayRadius(0.1)).toBe(Number.POSITIVE_INFINITY);
    expect([...(await safe.confidenceBound(x, 0.1))]).toEqual([1, 1]);
    x.dispose();
    model.dispose();
  });
});
