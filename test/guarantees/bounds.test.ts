import * as tf from '@tensorflow/tfjs-core';
import {
  initializers,
  input,
  type LayersModel,
  layers,
  type SymbolicTensor,
  sequential,
  model as tfModel,
} from '@tensorflow/tfjs-layers';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { maxConfidenceAttack } from '../../src/attacks';
import { classifier, confidences } from '../../src/classifier';
import { atOnce } from '../../src/core/pausing';
import { createRng, type Rng } from '../../src/core/rng';
import { softmax } from '../../src/core/softmax';
import { certifiedMaxConfidence, intervalBounds } from '../../src/guarantees';
import { differenceBounds } from '../../src/guarantees/bounds/confidenceOverBox';
import { float32Errors } from '../../src/guarantees/bounds/float32Errors';
import { allIntervals } from '../../src/guarantees/bounds/intervalBounds';
import { linearBounds } from '../../src/guarantees/bounds/linearBounds';
import { evaluate, type PiecewiseAffine, toPiecewiseAffine } from '../../src/regions';
import { applyNode, decideAt } from '../../src/regions/pass/applyNode';
import { expectRefusal } from '../support/expectRefusal';
import { architectures, build, handMade, normals, oneOfEach } from '../support/regionModels';
import { cloud, networks, shapeOf } from './wrapped';

/** Every value of the network at a point, in float64. */
function valuesAt(net: PiecewiseAffine, x: Float64Array): Float64Array[] {
  const values = [x];
  for (const node of net.nodes) {
    const inputs = node.inputs.map((id) => values[id]!);
    const states = node.kind === 'kink' || node.kind === 'max' ? decideAt(node, inputs[0]!) : undefined;
    values.push(applyNode(node, inputs, states, { count: 1, points: 1 }));
  }
  return values;
}

/** A point of the box; one in two a corner. */
function pointOf({ lower, upper }: { lower: Float64Array; upper: Float64Array }, rng: Rng): Float64Array {
  const corner = rng.uniform() < 0.5;
  return lower.map((low, j) => low + (upper[j]! - low) * (corner ? Math.round(rng.uniform()) : rng.uniform()));
}

/** What float64 evaluations may be beside the truth, relative to the sizes on the way. */
const NOISE = 1e-11;

const constant = (value: number) => initializers.constant({ value });

type Layer = ReturnType<typeof layers.reLU | typeof layers.leakyReLU | typeof layers.prelu>;

const largest = (logits: Float64Array) => Math.max(...softmax(logits));

describe('bounds of all values of a network over a box', () => {
  it.each([false, true])('hold for every value at random points and corners (tightened: %s)', (tighten) => {
    fc.assert(
      fc.property(architectures, fc.constantFrom(0, 1e-3, 0.1, 2), (architecture, epsilon) => {
        const model = build(architecture);
        const net = toPiecewiseAffine(model);
        model.dispose();
        const rng = createRng(architecture.seed);
        const centre = normals(net.inputSize, rng);
        const box = { lower: centre.map((v) => v - epsilon), upper: centre.map((v) => v + epsilon) };
        const { bounds } = atOnce(linearBounds(net, box, tighten));
        const loose = allIntervals(net, box);
        for (let n = 0; n < 20; n++)
          for (const [id, value] of valuesAt(net, pointOf(box, rng)).entries()) {
            const { lower, upper } = bounds[id]!;
            for (const [i, v] of value.entries()) {
              const noise = NOISE * Math.max(1, Math.abs(v));
              if (!(v >= lower[i]! - noise && v <= upper[i]! + noise)) expect.fail(`value ${id}[${i}] = ${v}`);
              if (!(lower[i]! >= loose[id]!.lower[i]! - noise && upper[i]! <= loose[id]!.upper[i]! + noise))
                expect.fail(`bounds of value ${id}[${i}] are looser than intervals`);
            }
          }
      }),
      { numRuns: tighten ? 40 : 60 },
    );
  });

  it('hold without any tolerance for rounding where the truth can be computed exactly', () => {
    // Weights and inputs are whole numbers divided by powers of two, so that float64 sums are exact.
    const kernel = [
      [0.5, -3, 2],
      [1.25, 0.75, -8],
    ];
    const net = toPiecewiseAffine(handMade({ kernel, bias: [0.25, -1, 2] }));
    const { lower, upper } = intervalBounds(net, [-1, 0.5], [3, 0.5]);
    expect([...lower].every((v, k) => v <= [0.375, -9.625, -4][k]!)).toBe(true);
    expect([...upper].every((v, k) => v >= [2.375, 2.375, 4][k]!)).toBe(true);
    for (const [k, v] of [0.375, -9.625, -4].entries()) expect(lower[k]).toBeCloseTo(v, 12);
    for (const [k, v] of [2.375, 2.375, 4].entries()) expect(upper[k]).toBeCloseTo(v, 12);
  });

  it('are sums of absolute values of the weights for one layer, and clip at zero after a ReLU', () => {
    const net = toPiecewiseAffine(
      handMade(
        { kernel: [[1, -2]], bias: [0, 1] },
        {
          kernel: [
            [1, 1],
            [1, -1],
          ],
          bias: [0, 0],
        },
      ),
    );
    // z = (x, 1 - 2x) over [-1, 1]: hidden [0, 1] and [0, 3], so logits [0, 4] and [-3, 1].
    const { lower, upper } = intervalBounds(net, [-1], [1]);
    for (const [k, v] of [0, -3].entries()) expect(lower[k]).toBeCloseTo(v, 12);
    for (const [k, v] of [4, 1].entries()) expect(upper[k]).toBeCloseTo(v, 12);
  });
});

describe('float32Errors', () => {
  it('bounds what tfjs makes of every logit, and is small', async () => {
    await fc.assert(
      fc.asyncProperty(architectures, fc.constantFrom(0.1, 1, 100), async (architecture, scale) => {
        const model = build(architecture);
        const net = toPiecewiseAffine(model);
        const x = normals(net.inputSize, createRng(architecture.seed)).map((v) => Math.fround(scale * v));
        const errors = atOnce(float32Errors(net, allIntervals(net, { lower: x, upper: x })));
        const exact = evaluate(net, x);
        const image = tf.tensor(Float32Array.from(x), [1, ...net.inputShape]);
        const logits = tf.tidy(() => classifier(model).logits(image));
        const size = Math.max(1, ...exact.map(Math.abs));
        for (const [k, value] of (await logits.data()).entries()) {
          expect(Math.abs(value - exact[k]!)).toBeLessThanOrEqual(errors[k]!);
          expect(errors[k]! / size).toBeLessThan(0.1);
        }
        tf.dispose([image, logits]);
        model.dispose();
      }),
      { numRuns: 25 },
    );
  });

  it('has none for a ReLU that is off for sure', () => {
    const net = toPiecewiseAffine(handMade({ kernel: [[1, 1]], bias: [-3, 1] }, { kernel: [[1], [0]], bias: [0] }));
    const at = (x: number) =>
      atOnce(float32Errors(net, allIntervals(net, { lower: new Float64Array([x]), upper: new Float64Array([x]) })))[0]!;
    expect(at(2)).toBeLessThan(1e-30);
    expect(at(4)).toBeGreaterThan(1e-7);
  });
});

/** Certified confidences of a network with these weights, around 0.5 by 0.2 in exact arithmetic, by either method. */
function boundsBy(model: LayersModel, weights: readonly tf.TensorLike[]) {
  tf.tidy(() => model.setWeights(weights.map((values) => tf.tensor(values))));
  const net = toPiecewiseAffine(model);
  model.dispose();
  return (method: 'interval' | 'crown') => certifiedMaxConfidence(net, [[0.5]], 0.2, { method, arithmetic: 'real' })[0];
}

describe('certifiedMaxConfidence', () => {
  const methods = ['interval', 'crown'] as const;

  it('is the confidence at epsilon 0, for every kind of layer', () => {
    for (const [name, make] of oneOfEach) {
      const model = make();
      const net = toPiecewiseAffine(model);
      model.dispose();
      const x = Float32Array.from({ length: net.inputSize }, (_, i) => Math.fround(0.5 + 0.4 * Math.sin(i)));
      const exact = largest(evaluate(net, x));
      for (const method of methods) {
        const [real] = certifiedMaxConfidence(net, [x], 0, { method, arithmetic: 'real' });
        expect(real! - exact, name).toBeGreaterThanOrEqual(0);
        expect(real! - exact, name).toBeLessThan(1e-9);
        const [float] = certifiedMaxConfidence(net, [x], 0, { method });
        expect(float! - exact, name).toBeGreaterThanOrEqual(real! - exact);
        expect(float! - exact, name).toBeLessThan(1e-3);
      }
    }
  });

  it.each(Object.keys(networks))(
    'is never exceeded on a network that is %s: random points, corners, attacks',
    async (kind) => {
      for (let seed = 0; seed < 3; seed++) {
        const model = networks[kind]!(seed);
        const net = toPiecewiseAffine(model);
        const x = cloud(6, shapeOf(model), seed);
        const flat = await x.data();
        const rows = Array.from({ length: 6 }, (_, i) => flat.slice(i * net.inputSize, (i + 1) * net.inputSize));
        for (const epsilon of [0.003, 0.03, 0.2, 0.7]) {
          const [interval, crown] = methods.map((method) => certifiedMaxConfidence(net, x, epsilon, { method }));
          const { adversarial, objective } = maxConfidenceAttack(model, x, { epsilon, seed });
          const found = await confidences(model, adversarial);
          const rng = createRng(seed);
          for (const [i, row] of rows.entries()) {
            expect(crown![i]!).toBeLessThanOrEqual(interval![i]!);
            expect(found[i]!).toBeLessThanOrEqual(crown![i]!);
            const box = {
              lower: Float64Array.from(row, (v) => Math.max(0, v - epsilon)),
              upper: Float64Array.from(row, (v) => Math.min(1, v + epsilon)),
            };
            for (let n = 0; n < 60; n++) {
              const confidence = largest(evaluate(net, pointOf(box, rng)));
              if (!(confidence <= crown![i]!)) expect.fail(`${confidence} > ${crown![i]}`);
            }
          }
          tf.dispose([adversarial, objective]);
        }
        x.dispose();
        model.dispose();
      }
    },
  );

  it('takes the difference before the bounds: a linear network has its exact maximum', () => {
    // Logits (x + y, x - y): their difference 2 y is at most 0.8 over the ball, at its corner.
    const net = toPiecewiseAffine(
      handMade({
        kernel: [
          [1, 1],
          [1, -1],
        ],
        bias: [0, 0],
      }),
    );
    for (const method of methods) {
      const [bound] = certifiedMaxConfidence(net, [[0.5, 0.3]], 0.1, { method, arithmetic: 'real' });
      expect(bound).toBeCloseTo(1 / (1 + Math.exp(-0.8)), 10);
    }
  });

  it('carries lines back to the input, where what two units share cancels', () => {
    // Units x + 1 and x + 2 are on, their difference 1 is decided; intervals only know -1 - 2 epsilon to -1 + 2 epsilon.
    const shared = { kernel: [[1, 1]], bias: [1, 2] };
    const net = toPiecewiseAffine(
      handMade(shared, { kernel: [[1], [-1]], bias: [1.1] }, { kernel: [[3, 0]], bias: [0, 0] }),
    );
    const at = (method: 'interval' | 'crown') =>
      certifiedMaxConfidence(net, [[0.5]], 0.2, { method, arithmetic: 'real' })[0];
    expect(at('crown')).toBeCloseTo(1 / (1 + Math.exp(-0.3)), 6);
    expect(at('interval')).toBeCloseTo(1 / (1 + Math.exp(-1.5)), 6);
  });

  it('carries lines back for the members of a window that intervals leave open, too', () => {
    // Units x + 1 and x + 2 are on, so the members x + 2 - (x + 1) = 1 and 0.9 are decided; intervals know 1 -+ 0.4 of the first.
    const model = sequential({
      layers: [
        layers.dense({ inputShape: [1], units: 2, activation: 'relu' }),
        layers.dense({ units: 2 }),
        layers.reshape({ targetShape: [2, 1, 1] }),
        layers.maxPooling2d({ poolSize: [2, 1] }),
        layers.flatten(),
        layers.dense({ units: 2 }),
      ],
    });
    const rows = [[[1, 1]], [1, 2], [[-1, 0], [1, 0]], [0, 0.9], [[3, 0]], [0, 0]]; // biome-ignore format: layer by layer
    const at = boundsBy(model, rows);
    expect(at('crown')).toBeCloseTo(1 / (1 + Math.exp(-3)), 6);
    expect(at('interval')).toBeCloseTo(1 / (1 + Math.exp(-3 * 1.4)), 6);
  });

  it('carries lines back through an addition', () => {
    // Units x + 1 and x + 2 are on, and added to themselves: 2 (x + 2) - 2 (x + 1) = 2 is decided, and is 1 above the threshold.
    const x = input({ shape: [1] });
    const shared = layers.dense({ units: 2, activation: 'relu' }).apply(x) as SymbolicTensor;
    const twice = layers.add().apply([shared, shared]) as SymbolicTensor;
    const unit = layers.dense({ units: 1, activation: 'relu' }).apply(twice) as SymbolicTensor;
    const model = tfModel({ inputs: x, outputs: layers.dense({ units: 2 }).apply(unit) as SymbolicTensor });
    const rows = [[[1, 1]], [1, 2], [[-1], [1]], [-1], [[3, 0]], [0, 0]];
    const at = boundsBy(model, rows);
    expect(at('crown')).toBeCloseTo(1 / (1 + Math.exp(-3)), 6);
    expect(at('interval')).toBeCloseTo(1 / (1 + Math.exp(-3 * 1.8)), 6);
  });

  it('relaxes an open ReLU by its chord above, and by z or 0 below', () => {
    // h = relu(x - 0.5) over x in [0.2, 0.6], logits (2 h - x, 0). Above, h <= (x - 0.2) / 4, so z_0 - z_1 <= -0.2, at x = 0.2,
    // where intervals say 0. Below, h >= 0, because the interval of x - 0.5 reaches farther down: z_1 - z_0 <= 0.6.
    const hidden = { kernel: [[1, 1]], bias: [-0.5, 0] };
    const net = toPiecewiseAffine(
      handMade(hidden, {
        kernel: [
          [2, 0],
          [-1, 0],
        ],
        bias: [0, 0],
      }),
    );
    const known = atOnce(linearBounds(net, { lower: new Float64Array([0.2]), upper: new Float64Array([0.6]) }, true));
    const [carried, elided] = [atOnce(differenceBounds(net, known, true)), atOnce(differenceBounds(net, known, false))];
    for (const [pair, value] of [0, -0.2, 0.6, 0].entries()) expect(carried[pair]).toBeCloseTo(value, 6);
    for (const [pair, value] of [0, 0, 0.6, 0].entries()) expect(elided[pair]).toBeCloseTo(value, 6);
  });

  const relu = () => layers.reLU();
  const relu6 = () => layers.reLU({ maxValue: 6 });
  const leaky = () => layers.leakyReLU({ alpha: 0.2 });
  const prelu = () => layers.prelu({ alphaInitializer: constant(0.3) });
  const unlike = () => layers.prelu({ alphaInitializer: constant(-3) });
  it.each([
    ['ReLU', 'ReLU', [relu], relu],
    ['leaky ReLU', 'ReLU', [relu], leaky],
    ['PReLU', 'ReLU', [relu], prelu],
    ['PReLU that turns around', 'ReLU', [relu], unlike],
    ['ReLU6', 'ReLU6', [relu6], relu6],
    ['leaky ReLU', 'ReLU6', [relu6], leaky],
    ['ReLU', 'doubled ReLU', [relu, relu], relu],
    ['ReLU6', 'ReLU with a ReLU6', [relu, relu6], relu6],
  ] as const)('is not loosened by a %s after a %s, which changes nothing', (_, __, before, again) => {
    for (let seed = 0; seed < 6; seed++) {
      const points = [[0.2, 0.5, 0.8], [0, 0, 0]]; // biome-ignore format: a matrix
      const at = (kinks: readonly (() => Layer)[]) => {
        const block = () => [layers.dense({ units: 8 }), ...kinks.map((make) => make())];
        const parts = [layers.inputLayer({ inputShape: [3] }), ...block(), ...block(), layers.dense({ units: 3 })];
        const model = sequential({ layers: parts });
        const rng = createRng(seed);
        // Some units of these are off all over the box, some are above 6.
        for (const layer of model.layers)
          if (layer.getClassName() === 'Dense')
            layer.setWeights(
              layer.getWeights().map((weight) => {
                const size = layer === model.layers.at(-1) ? 0.02 : 2;
                const values = Float32Array.from(normals(weight.size, rng), (v) => size * v);
                return tf.tensor(values, weight.shape);
              }),
            );
        const net = toPiecewiseAffine(model);
        model.dispose();
        return [0, 1e-3, 0.1].flatMap((epsilon) => [
          ...certifiedMaxConfidence(net, points, epsilon, { arithmetic: 'real' }),
        ]);
      };
      const [once, twice] = [at(before), at([...before, again])];
      for (const [i, bound] of once.entries()) expect(twice[i]! - bound).toBeLessThan(1e-12);
      expect(Math.min(...once)).toBeLessThan(1 - 1e-6);
    }
  });

  it('cuts the ball off at the box', () => {
    const net = toPiecewiseAffine(handMade({ kernel: [[1, -1]], bias: [0, 0] }));
    const at = (bounds: [number, number]) =>
      certifiedMaxConfidence(net, [[0.9]], 0.5, { bounds, arithmetic: 'real' })[0];
    expect(at([0, 1])).toBeCloseTo(1 / (1 + Math.exp(-2)), 10);
    expect(at([-3, 3])).toBeCloseTo(1 / (1 + Math.exp(-2.8)), 10);
  });

  it('says 1 where float64 overflows', () => {
    const big = 1e38;
    const wide = {
      kernel: [
        [big, big],
        [big, -big],
      ],
      bias: [0, 0],
    };
    const net = toPiecewiseAffine(handMade(wide, wide, wide, wide, wide, wide, wide, wide, wide));
    for (const method of methods) expect([...certifiedMaxConfidence(net, [[0.5, 0.5]], 0.1, { method })]).toEqual([1]);
  });

  it('tells how far it has come, and can be stopped', async () => {
    const net = toPiecewiseAffine(handMade({ kernel: [[1, -1]], bias: [0, 0] }));
    const done: number[] = [];
    certifiedMaxConfidence(net, [[0.1], [0.2]], 0.1, { onProgress: (progress) => done.push(progress.done) });
    expect(done).toEqual([1, 2]);
    const aborted = { code: 'ABORTED', fn: 'certifiedMaxConfidence', argument: 'signal' } as const;
    await expectRefusal(() => certifiedMaxConfidence(net, [[0.1]], 0.1, { signal: AbortSignal.abort() }), aborted);
  });

  it.each([
    ['epsilon', 'INVALID_OPTION', [[0.1]], -1, {}],
    ['epsilon', 'INVALID_OPTION', [[0.1]], Number.NaN, {}],
    ['method', 'INVALID_OPTION', [[0.1]], 0.1, { method: 'ibp' }],
    ['arithmetic', 'INVALID_OPTION', [[0.1]], 0.1, { arithmetic: 'float64' }],
    ['bounds', 'INVALID_OPTION', [[0.1]], 0.1, { bounds: [1, 0] }],
    ['options', 'INVALID_OPTION', [[0.1]], 0.1, { metod: 'crown' }],
    ['x', 'OUT_OF_BOUNDS', [[1.1]], 0.1, {}],
    ['x', 'INVALID_SHAPE', [[0.1, 0.2]], 0.1, {}],
    ['x', 'EMPTY_INPUT', [], 0.1, {}],
  ] as const)('refuses a bad %s with %s', async (argument, code, x, epsilon, options) => {
    const net = toPiecewiseAffine(handMade({ kernel: [[1, -1]], bias: [0, 0] }));
    const work = () => certifiedMaxConfidence(net, x as never, epsilon, options as never);
    await expectRefusal(work, { code, fn: 'certifiedMaxConfidence', argument });
  });

  it('refuses a box whose ends are the wrong way round', async () => {
    const net = toPiecewiseAffine(handMade({ kernel: [[1, -1]], bias: [0, 0] }));
    const refused = { code: 'OUT_OF_BOUNDS', fn: 'intervalBounds', argument: 'upper' } as const;
    await expectRefusal(() => intervalBounds(net, [1], [0]), refused);
  });
});
