import * as tf from '@tensorflow/tfjs-core';
import { layers, sequential } from '@tensorflow/tfjs-layers';
import { describe, expect, it } from 'vitest';
import {
  acetGradients,
  acetStep,
  cedaGradients,
  cedaStep,
  type DataLike,
  type FitOptions,
  fileCheckpoint,
  fit,
  plainGradients,
  plainStep,
  randomCrop,
  randomMirror,
} from '../../src/index';
import { expectRefusal } from '../support/expectRefusal';
import { onBackend } from '../support/onBackend';
import { tinyBatch, tinyMlp } from '../support/smallModels';

await tf.setBackend('cpu');
const { x, y } = tinyBatch(4);
const model = tinyMlp();
const optimizer = tf.train.sgd(0.1);
type Call = (data: DataLike, options?: FitOptions) => unknown;

const CALLS: Record<string, Call> = {
  plainGradients: (data, o) => plainGradients(model, data, o),
  cedaGradients: (data, o) => cedaGradients(model, data, o),
  acetGradients: (data, o) => acetGradients(model, data, o),
  plainStep: (data, o) => plainStep(model, optimizer, data, o),
  cedaStep: (data, o) => cedaStep(model, optimizer, data, o),
  acetStep: (data, o) => acetStep(model, optimizer, data, o),
  fit: (data, o) => fit(model, data, { batchSize: 2, epochs: 1, ...o }),
};

const checkedCall = async (call: Call, options: object) => call({ x, y }, options as FitOptions);
const filled = (value: number) => tf.fill([4, 2], value);
const BAD_DATA = [
  ['INVALID_SHAPE', 'x', { x: tf.zeros([4, 3]), y }],
  ['INVALID_SHAPE', 'x', { x: tf.zeros([4]), y }],
  ['EMPTY_INPUT', 'x', { x: tf.zeros([0, 2]), y }],
  ['NON_FINITE', 'x', { x: filled(Number.NaN), y }],
  ['NON_FINITE', 'x', { x: filled(Number.POSITIVE_INFINITY), y }],
  ['OUT_OF_BOUNDS', 'x', { x: filled(1.5), y }],
  ['INVALID_SHAPE', 'y', { x, y: tf.tensor1d([0, 1], 'int32') }],
  ['INVALID_LABELS', 'y', { x, y: tf.tensor1d([0, 1, 2, 3], 'int32') }],
  ['INVALID_LABELS', 'y', { x, y: tf.tensor1d([0, 1, 2, 0.5]) }],
  ['INVALID_LABELS', 'y', { x, y: tf.ones([4, 3]) }],
] as const;

const BAD_OPTIONS: [string, FitOptions, (name: string) => boolean][] = [
  ['weightDecay', { weightDecay: -1 }, () => true],
  ['lambda', { lambda: Number.NaN }, (name) => !name.startsWith('plain')],
  ['epsilon', { epsilon: 0 }, (name) => /acet|fit/.test(name)],
  ['steps', { steps: 2.5 }, (name) => /acet|fit/.test(name)],
  ['stepSize', { stepSize: -0.1 }, (name) => /acet|fit/.test(name)],
  ['epochs', { epochs: 0 }, (name) => name === 'fit'],
  ['batchSize', { batchSize: 2.5 }, (name) => name === 'fit'],
  ['stepsPerEpoch', { stepsPerEpoch: 3 }, (name) => name === 'fit'],
  ['checkpointEvery', { checkpointEvery: 0.1 }, (name) => name === 'fit'],
  ['method', { method: 'ACET' as 'acet' }, (name) => name === 'fit'],
];

describe.each(Object.entries(CALLS))('%s refuses, before any work and leaking nothing,', (fn, call) => {
  it.each(BAD_DATA)('%s in %s', async (code, argument, data) => {
    await expectRefusal(() => call(data), { code, fn, argument });
  });

  it.each(BAD_OPTIONS.filter(([, , has]) => has(fn)))('a bad %s', async (argument, options) => {
    await expectRefusal(() => call({ x, y }, options), { code: 'INVALID_OPTION', fn, argument });
  });

  it('noise of the wrong shape or outside the bounds', async () => {
    if (fn.startsWith('plain')) return;
    await expectRefusal(() => call({ x, y }, { noise: () => tf.zeros([4, 3]) }), {
      code: 'INVALID_SHAPE',
      fn,
      argument: 'noise',
    });
    await expectRefusal(() => call({ x, y }, { noise: () => tf.fill([4, 2], 2) }), {
      code: 'OUT_OF_BOUNDS',
      fn,
      argument: 'noise',
    });
  });
});

describe.each(Object.entries(CALLS))('%s', (fn, call) => {
  it('refuses an option that nobody reads, and offers the one that was meant', async () => {
    const refused = { code: 'INVALID_OPTION', fn, argument: 'options' } as const;
    await expectRefusal(() => call({ x, y }, { weightdecay: 1 } as never), refused);
    await expect(checkedCall(call, { weightDekay: 1 })).rejects.toThrow('Did you mean `weightDecay`?');
  });

  it('takes { xs, ys } for { x, y }, and refuses a mixture', async () => {
    const argument = fn === 'fit' ? 'data' : 'batch';
    for (const data of [{ x, ys: y }, { xs: x, y }, { x, y, z: x }, x, undefined])
      await expectRefusal(() => call(data as never), {
        code: data !== undefined && 'z' in data ? 'INVALID_OPTION' : 'INVALID_ARGUMENT',
        fn,
        argument,
      });
    const wide = tf.zeros([4, 3]);
    await expectRefusal(() => call({ xs: wide, ys: y }), { code: 'INVALID_SHAPE', fn, argument: 'x' });
  });
});

describe('training refuses', () => {
  it('a misspelt option of fit and a validation set under mixed names', async () => {
    await expect(fit(model, { x, y }, { epoch: 2 } as FitOptions)).rejects.toThrow('Did you mean `epochs`?');
    const validation = { x, ys: y } as never as DataLike;
    await expectRefusal(() => fit(model, { x, y }, { batchSize: 2, validation }), {
      code: 'INVALID_ARGUMENT',
      fn: 'fit',
      argument: 'validation',
    });
  });

  it.each([
    ['onEpoch', { onEpoch: 3 }, 'INVALID_ARGUMENT'],
    ['onStep', { onStep: {} }, 'INVALID_ARGUMENT'],
    ['schedule', { schedule: 0.1 }, 'INVALID_ARGUMENT'],
    ['ramp', { ramp: 0.1 }, 'INVALID_ARGUMENT'],
    ['augmentation', { augmentation: true }, 'INVALID_ARGUMENT'],
    ['checkpoint', { checkpoint: 3 }, 'INVALID_ARGUMENT'],
    ['checkpoint', { checkpoint: { read: async () => undefined } }, 'INVALID_ARGUMENT'],
    ['checkpoint', { checkpoint: null }, 'INVALID_ARGUMENT'],
    ['schedule', { schedule: (): number => Number.NaN }, 'INVALID_OPTION'],
    ['schedule', { schedule: (): number => -1 }, 'INVALID_OPTION'],
    ['ramp', { method: 'good', ramp: () => undefined }, 'INVALID_OPTION'],
    ['augmentation', { augmentation: async (images: tf.Tensor) => images }, 'INVALID_ARGUMENT'],
    ['augmentation', { augmentation: (images: tf.Tensor) => tf.slice(images, 0, 1) }, 'INVALID_SHAPE'],
    ['augmentation', { augmentation: (images: tf.Tensor) => tf.mul(images, Number.NaN) }, 'NON_FINITE'],
    ['augmentation', { augmentation: (images: tf.Tensor) => tf.add(images, 2) }, 'OUT_OF_BOUNDS'],
  ] as const)('a bad %s of fit: %o', async (argument, options, code) => {
    const given = { batchSize: 2, ...options } as never as FitOptions;
    await expectRefusal(() => fit(model, { x, y }, given), { code, fn: 'fit', argument });
  });

  it('options that are those of another method', async () => {
    const options = { lambda: 1, epsilon: 0.3 };
    for (const [fn, call] of Object.entries({ plainStep, cedaStep }))
      await expectRefusal(() => call(model, optimizer, { x, y }, options), {
        code: 'INVALID_OPTION',
        fn,
        argument: 'options',
      });
  });

  it('a model without trainable variables', async () => {
    const frozen = sequential({ layers: [layers.dense({ inputShape: [2], units: 3 })] });
    frozen.layers[0]!.trainable = false;
    await expectRefusal(() => plainStep(frozen, optimizer, { x, y }), {
      code: 'UNSUPPORTED_MODEL',
      fn: 'plainStep',
      argument: 'model',
    });
  });

  it('something that is not an optimizer', async () => {
    await expectRefusal(() => plainStep(model, 'adam' as never as tf.Optimizer, { x, y }), {
      code: 'INVALID_ARGUMENT',
      fn: 'plainStep',
      argument: 'optimizer',
    });
  });

  it('a convolution on a backend without its gradient kernel, naming the fix', async () => {
    await onBackend('wasm', async () => {
      const net = sequential({
        layers: [
          layers.conv2d({ inputShape: [4, 4, 1], filters: 2, kernelSize: 3 }),
          layers.flatten(),
          layers.dense({ units: 2 }),
        ],
      });
      const batch = { x: tf.zeros([2, 4, 4, 1]), y: tf.tensor1d([0, 1], 'int32') };
      const onWasm = tf.train.sgd(0.1);
      await expectRefusal(() => plainStep(net, onWasm, batch), {
        code: 'MISSING_KERNEL',
        fn: 'plainStep',
        argument: 'model',
      });
    });
  });

  it('to go on when the loss is no longer finite', async () => {
    const [wild, fresh] = [tf.train.sgd(1e30), tinyMlp()];
    await expectRefusal(() => fit(fresh, { x, y }, { method: 'plain', epochs: 3, batchSize: 2, optimizer: wild }), {
      code: 'NON_FINITE',
      fn: 'fit',
      argument: 'optimizer',
    });
  });

  it('crops and mirrors of anything but images, and an empty file name', async () => {
    await expectRefusal(() => randomCrop(x), { code: 'INVALID_SHAPE', fn: 'randomCrop', argument: 'images' });
    await expectRefusal(() => randomMirror(x), { code: 'INVALID_SHAPE', fn: 'randomMirror', argument: 'images' });
    const images = tf.zeros([1, 4, 4, 1]);
    for (const [fn, call] of Object.entries({ randomCrop, randomMirror }))
      await expectRefusal(() => call(images, { pading: 2 } as object), {
        code: 'INVALID_OPTION',
        fn,
        argument: 'options',
      });
    await expectRefusal(() => fileCheckpoint(''), { code: 'INVALID_ARGUMENT', fn: 'fileCheckpoint', argument: 'path' });
  });
});
