import * as tf from '@tensorflow/tfjs-core';
import { layers, sequential } from '@tensorflow/tfjs-layers';
import { describe, expect, it } from 'vitest';
import { ATTACKS } from '../../src/attacks/attackTable';
import type { Attack, AttackStep } from '../../src/attacks/types';
import { classifier, confidences, crossEntropyTo, maxConfidenceAttack, uniformNoise } from '../../src/index';
import { expectNoLeak } from '../support/expectNoLeak';
import { expectRefusal } from '../support/expectRefusal';

const SIZE = 12;

/** A convolutional network whose values take some 30 times the bytes of its image. */
function network() {
  const model = sequential({
    layers: [
      layers.conv2d({ inputShape: [SIZE, SIZE, 1], filters: 8, kernelSize: 3, padding: 'same', activation: 'relu' }),
      layers.conv2d({ filters: 8, kernelSize: 3, strides: 2, activation: 'relu' }),
      layers.flatten(),
      layers.dense({ units: 3 }),
    ],
  });
  const noise = tf.tidy(() =>
    model.getWeights().map(({ shape }, n) => tf.keep(tf.mul(0.5, tf.randomNormal(shape, 0, 1, 'float32', n + 1)))),
  );
  model.setWeights(noise);
  tf.dispose(noise);
  return model;
}

const IMAGE = 4 * SIZE * SIZE;

describe('a batch that memory does not hold', () => {
  const model = network();
  const net = classifier(model);
  const x = uniformNoise([7, SIZE, SIZE, 1], { seed: 1 });
  const labels = tf.tensor1d([0, 1, 2, 0, 1, 2, 0], 'int32');

  it.each(Object.keys(ATTACKS))('is attacked by %s in parts with the result of the whole', async (name) => {
    const attack = ATTACKS[name as keyof typeof ATTACKS] as Attack;
    for (const objective of [undefined, crossEntropyTo(labels, 3)]) {
      const options = { steps: 6, restarts: 2, seed: 3, ...(objective && { objective }) };
      let batches: number[] = [];
      const counted = {
        ...net,
        logits: (...args: Parameters<typeof net.logits>) => {
          batches.push(args[0].shape[0]!);
          return net.logits(...args);
        },
      };
      const whole = attack(counted, x, options);
      expect(new Set(batches)).toEqual(new Set([7]));
      batches = [];
      await expectNoLeak(() => {
        const { adversarial, objective: reached } = attack(counted, x, { ...options, memory: 400 * IMAGE });
        tf.dispose([adversarial, reached]);
      });
      await expectNoLeak(() => {
        const { adversarial, objective: reached } = attack(counted, x, { ...options, memory: 400 * IMAGE });
        tf.dispose([adversarial, reached]);
      });
      const found = attack(counted, x, { ...options, memory: 400 * IMAGE });
      expect(Math.max(...batches)).toBeLessThan(7);
      const { adversarial, objective: value, ...counts } = found;
      const { adversarial: expected, objective: best, ...expectedCounts } = whole;
      expect(counts).toEqual(expectedCounts);
      expect(await tf.max(tf.abs(tf.sub(adversarial, expected))).data()).toEqual(Float32Array.of(0));
      expect(await value.data()).toEqual(await best.data());
    }
  });

  it('is attacked as a whole where the objective may know images by their place', () => {
    const own = (logits: tf.Tensor2D) => {
      expect(logits.shape[0]).toBe(7);
      return tf.mul(tf.max(logits, 1), tf.range(0, 7)) as tf.Tensor1D;
    };
    const { adversarial, objective } = maxConfidenceAttack(net, x, { steps: 2, objective: own, memory: 1000 });
    tf.dispose([adversarial, objective]);
  });

  it('has every step told once, in order, when it is attacked in parts', () => {
    const seen: AttackStep[] = [];
    const options = { steps: 5, restarts: 2, memory: 100 * IMAGE };
    maxConfidenceAttack(net, x, { ...options, onStep: (at) => seen.push(at) });
    const expected = [1, 2].flatMap((restart) =>
      [1, 2, 3, 4, 5].map((step) => ({ step, steps: 5, restart, restarts: 2 })),
    );
    expect(seen).toEqual(expected);
  });

  it('goes on in smaller parts when memory runs out all the same', async () => {
    let [most, failures] = [Number.POSITIVE_INFINITY, 0];
    const cramped = {
      ...net,
      layersModel: network(),
      logits: (...args: Parameters<typeof net.logits>) => {
        if (args[0].shape[0]! > most) {
          failures++;
          throw new WebAssembly.RuntimeError('memory access out of bounds');
        }
        return net.logits(...args);
      },
    };
    const options = { steps: 3, seed: 1, memory: 500 * IMAGE };
    const whole = maxConfidenceAttack(cramped, x, { ...options });
    most = 1;
    const small = maxConfidenceAttack(cramped, x, options);
    expect(failures).toBeGreaterThan(0);
    expect(await small.objective.data()).toEqual(await whole.objective.data());
  });

  it('is classified in parts with the same confidences', async () => {
    const expected = await confidences(net, x);
    const sizes: number[] = [];
    const counted = {
      ...net,
      layersModel: network(),
      logits: (...args: Parameters<typeof net.logits>) => {
        sizes.push(args[0].shape[0]!);
        return net.logits(...args);
      },
    };
    const found = await expectNoLeak(() => confidences(counted, x, { memory: 60 * IMAGE }));
    expect(Math.max(...sizes)).toBeLessThan(7);
    for (const [i, value] of found.entries()) expect(value).toBeCloseTo(expected[i]!, 6);
  });

  it('is refused with a budget that is none', async () => {
    const wrong = { code: 'INVALID_OPTION', argument: 'memory' } as const;
    await expectRefusal(() => maxConfidenceAttack(net, x, { memory: 0 }), { ...wrong, fn: 'maxConfidenceAttack' });
    await expectRefusal(() => confidences(net, x, { memory: Number.NaN }), { ...wrong, fn: 'confidences' });
  });
});
