import * as tf from '@tensorflow/tfjs-core';
import { layers, sequential } from '@tensorflow/tfjs-layers';
import { describe, expect, it } from 'vitest';
import { createTrainingPool } from '../../src/parallel/index';
import { expectRefusal } from '../support/expectRefusal';
import { tinyMlp } from '../support/smallModels';
import { failureOf } from './failureOf';
import { startPool } from './startPool';

const model = tinyMlp();
const workerFailed = { code: 'WORKER_FAILED', fn: 'createTrainingPool', argument: 'workers' } as const;

describe('createTrainingPool', () => {
  it('says which backend the workers cannot use', async () => {
    await expectRefusal(() => startPool(model, { backend: 'webgl' }), {
      code: 'MISSING_DEPENDENCY',
      fn: 'createTrainingPool',
      argument: 'backend',
    });
  });

  it('reports a script that is not there, and a createWorker that throws', async () => {
    // From the sources there is no built script beside createTrainingPool.ts.
    const missing = await failureOf(createTrainingPool(model, { workers: 1 }));
    expect(missing).toMatchObject(workerFailed);
    expect(String(missing.cause)).toContain('parallelWorker.js');
    const createWorker = () => {
      throw new TypeError('no workers here');
    };
    const thrown = await failureOf(createTrainingPool(model, { workers: 1, createWorker }));
    expect(thrown.cause).toBeInstanceOf(TypeError);
  });

  it('reports a layer that tfjs does not know in the workers', async () => {
    class Twice extends layers.Layer {
      static className = 'Twice';
      override call(inputs: tf.Tensor | tf.Tensor[]): tf.Tensor {
        return tf.mul(Array.isArray(inputs) ? inputs[0]! : inputs, 2);
      }
    }
    tf.serialization.registerClass(Twice);
    const own = sequential({ layers: [layers.dense({ inputShape: [2], units: 3 }), new Twice({})] });
    const failure = await failureOf(startPool(own));
    expect(String(failure.cause)).toContain('Unknown layer: Twice');
  });

  it('refuses what cannot be copied and options out of range, before any worker is started', async () => {
    const refused = (argument: string, code: 'INVALID_OPTION' | 'INVALID_ARGUMENT' | 'UNSUPPORTED_MODEL') => ({
      code,
      fn: 'createTrainingPool',
      argument,
    });
    const createWorker = () => expect.unreachable();
    const start = (options: object, of: unknown = model) =>
      createTrainingPool(of as typeof model, { createWorker, ...options });
    await expectRefusal(() => start({}, (x: tf.Tensor) => x), refused('model', 'UNSUPPORTED_MODEL'));
    await expectRefusal(() => start({ workers: 0 }), refused('workers', 'INVALID_OPTION'));
    await expectRefusal(() => start({ worker: 2 }), refused('options', 'INVALID_OPTION'));
    await expectRefusal(() => start({ backend: 'node' }), refused('backend', 'INVALID_OPTION'));
    await expectRefusal(() => start({ createWorker: 3 }), refused('createWorker', 'INVALID_ARGUMENT'));
  });
});
