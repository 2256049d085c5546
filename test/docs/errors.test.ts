import { readFileSync } from 'node:fs';
import * as tf from '@tensorflow/tfjs-core';
import { model as buildModel, input, layers, type SymbolicTensor, sequential } from '@tensorflow/tfjs-layers';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { type CheckpointStore, classifier, confidences, fit, pgdLinf, plainStep } from '../../src';
import type { ErrorCode, OverconfidenceError } from '../../src/core/errors';
import { downloadDataset, parseIdx } from '../../src/datasets';
import { auroc } from '../../src/metrics';
import { mlp } from '../../src/models';
import { createTrainingPool } from '../../src/parallel';
import { enableWasmTraining } from '../../src/wasm';
import { sourceWorker } from '../parallel/startPool';

const guide = readFileSync(new URL('../../docs/errors.md', import.meta.url), 'utf8');
const source = readFileSync(new URL('../../src/core/errors.ts', import.meta.url), 'utf8');

const model = mlp({ inputShape: [2], hidden: [4], classes: 2, seed: 1 });
const x = tf.tensor2d([[0.1, 0.9], [0.8, 0.3]]); // biome-ignore format: one row per line would hide that these are two points
const data = { x, y: tf.tensor1d([0, 1], 'int32') };

/** A pool whose one worker fails at its first attack. */
const failingPool = () =>
  createTrainingPool(model, {
    workers: 1,
    backend: 'cpu',
    createWorker: () => sourceWorker({ at: 'attack', how: 'exit' }),
  });

/** What brings each error about, as a user might. */
const mistakes: Record<ErrorCode, () => unknown> = {
  // @ts-expect-error: a promise is no model
  INVALID_ARGUMENT: () => classifier(Promise.resolve(model)),
  INVALID_OPTION: () => pgdLinf(model, x, { epsilon: 0 }),
  INVALID_SHAPE: () => confidences(model, tf.tensor1d([0.1, 0.9])),
  NON_FINITE: () =>
    fit(mlp({ inputShape: [2], hidden: [4], classes: 2, seed: 1 }), data, {
      method: 'plain',
      epochs: 3,
      batchSize: 2,
      optimizer: tf.train.sgd(1e30),
    }),
  OUT_OF_BOUNDS: () => pgdLinf(model, tf.mul(x, 255)),
  INVALID_LABELS: () => plainStep(model, tf.train.sgd(0.1), { x, y: tf.tensor1d([1, 2], 'int32') }),
  EMPTY_INPUT: () => auroc([], [0.5]),
  PROBABILITIES_AS_LOGITS: () => classifier((z) => tf.softmax(z as tf.Tensor2D), { inputShape: [2] }),
  GRADIENTS_NOT_REGISTERED: () => {
    const gradient = tf.getGradient('BatchMatMul');
    tf.unregisterGradient('BatchMatMul');
    try {
      pgdLinf(model, x);
    } finally {
      tf.registerGradient(gradient);
    }
  },
  MISSING_KERNEL: async () => {
    await import('@tensorflow/tfjs-backend-wasm');
    await tf.setBackend('wasm');
    const convolution = layers.conv2d({ inputShape: [8, 8, 1], filters: 2, kernelSize: 3 });
    const network = sequential({ layers: [convolution, layers.flatten(), layers.dense({ units: 2 })] });
    plainStep(network, tf.train.sgd(0.1), { x: tf.zeros([1, 8, 8, 1]), y: tf.tensor1d([1], 'int32') });
  },
  NO_BACKEND: async () => {
    const failing = () => {
      throw new Error('No backend found in registry.');
    };
    classifier(failing, { inputShape: [2] });
  },
  UNSUPPORTED_MODEL: () => {
    const image = input({ shape: [2] });
    const outputs = ['boxes', 'classes'].map((name) => layers.dense({ units: 4, name }).apply(image) as SymbolicTensor);
    classifier(buildModel({ inputs: image, outputs }));
  },
  INVALID_CHECKPOINT: async () => {
    let kept: Uint8Array | undefined;
    const checkpoint: CheckpointStore = {
      read: async () => kept,
      write: async (bytes) => {
        kept = bytes;
      },
    };
    const settings = { method: 'plain', epochs: 1, batchSize: 2, checkpoint } as const;
    await fit(model, data, { ...settings, seed: 1 });
    await fit(model, data, { ...settings, seed: 2 });
  },
  INVALID_DATA: () => parseIdx(Uint8Array.of(0, 0, 8, 1, 0, 0, 0, 5, 7, 2, 1)),
  DOWNLOAD_FAILED: async () => {
    vi.stubGlobal('fetch', async () => new Response('', { status: 404, statusText: 'Not Found' }));
    await downloadDataset('mnist', 'data', { baseUrl: 'https://example.org/mnist/' });
  },
  MISSING_DEPENDENCY: () => {
    tf.removeBackend('wasm');
    enableWasmTraining();
  },
  ABORTED: () => pgdLinf(model, x, { signal: AbortSignal.abort() }),
  WORKER_FAILED: async () => (await failingPool()).pgdLinf(x),
  DISPOSED: async () => {
    const pool = await failingPool();
    await pool.dispose();
    await pool.pgdLinf(x);
  },
};

afterEach(async () => {
  vi.unstubAllGlobals();
  await tf.setBackend('cpu');
});

async function messageOf(mistake: () => unknown): Promise<Pick<OverconfidenceError, 'code' | 'message'>> {
  try {
    await mistake();
  } catch (error) {
    return error as OverconfidenceError;
  }
  throw new Error('nothing was thrown');
}

/** The part of the guide under the heading of a code. */
function section(code: string): string {
  const [, text] = new RegExp(`^## ${code}\n([\\s\\S]*?)(?=^## |$(?![\\s\\S]))`, 'm').exec(guide) ?? [];
  return text ?? '';
}

const onOneLine = (text: string) => text.trim().replaceAll(/\s+/g, ' ');

describe('the guide to errors', () => {
  test('has the codes of the source, in their order, and no other', () => {
    const codes = [...source.matchAll(/^ {2}\| '(\w+)'/gm)].map(([, code]) => code);
    expect([...guide.matchAll(/^## ([A-Z_]+)$/gm)].map(([, code]) => code)).toEqual(codes);
    expect(Object.keys(mistakes)).toEqual(codes);
  });

  test.each(Object.entries(mistakes))('shows a message of %s as it is printed, and a fix', async (code, mistake) => {
    const thrown = await messageOf(mistake);
    expect(thrown.code).toBe(code);
    const [, shown] = /^```text\n([\s\S]*?)^```$/m.exec(section(code)) ?? [];
    expect(onOneLine(shown ?? '')).toBe(thrown.message);
    expect(section(code)).toMatch(/^\*\*Fix\.\*\* \S/m);
  });
});
