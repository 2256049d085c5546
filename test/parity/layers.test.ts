import '@tensorflow/tfjs-backend-wasm';
import * as tf from '@tensorflow/tfjs-core';
import { layers } from '@tensorflow/tfjs-layers';
import { afterAll, afterEach, describe, expect, test } from 'vitest';
import { disableWasmTraining, enableWasmTraining } from '../../src/wasm';
import { LAYER_CASES, NO_CASE } from './layers/cases';
import { checkLayer, type LayerReport } from './layers/check';

/** Layers whose input gradient is refused, and on which backends. */
const REFUSED: Readonly<Record<string, readonly string[]>> = {
  // Their operations have no gradient in tfjs.
  centerCrop: ['cpu', 'wasm', 'wasm, trained'],
  categoryEncoding: ['cpu', 'wasm', 'wasm, trained'],
  // Their forward kernels are faulty.
  conv3dTranspose: ['wasm', 'wasm, trained'],
  maxPooling3d: ['wasm', 'wasm, trained'],
  // tfjs computes the forward pass wrongly there.
  'batchNormalization, axis 1': ['cpu', 'wasm', 'wasm, trained'],
  'batchNormalization, axis 1, scale: false': ['cpu', 'wasm', 'wasm, trained'],
  // Kernels that enableWasmTraining brings.
  depthwiseConv2d: ['wasm'],
  separableConv2d: ['wasm'],
};

test('the table has every layer of tfjs-layers', () => {
  const cased = new Set(LAYER_CASES.map(({ layer }) => layer));
  expect(Object.keys(layers).filter((name) => !cased.has(name) && !(name in NO_CASE))).toEqual([]);
});

afterAll(() => tf.setBackend('cpu'));

const onCpu = new Map<string, LayerReport>();

describe.each([
  { backend: 'cpu', kernels: 'cpu', trained: false },
  { backend: 'wasm', kernels: 'wasm', trained: false },
  { backend: 'wasm, trained', kernels: 'wasm', trained: true },
])('on $backend', ({ backend, kernels, trained }) => {
  afterEach(() => disableWasmTraining());

  test.each(
    LAYER_CASES.map((layerCase) => ({
      ...layerCase,
      name: [layerCase.layer, layerCase.use].filter(Boolean).join(', '),
    })),
  )(
    'the gradient of $name is that of finite differences, in a batch as one by one, or refused in words',
    async ({ name, layer, noForward, ...layerCase }) => {
      await tf.setBackend(kernels);
      if (trained) enableWasmTraining();
      const report = checkLayer({ ...layerCase, layer });
      expect(report.leaked).toBe(0);
      if (noForward !== undefined) {
        expect(report.noForward).toMatch(noForward);
        return;
      }
      expect(report.noForward).toBeUndefined();
      const refused = [...(REFUSED[layer] ?? []), ...(REFUSED[name] ?? [])].includes(backend);
      expect(report.ours, `stock: ${JSON.stringify(report.stock)}`).toMatchObject({ kind: refused ? 'refused' : 'ok' });
      // Without our kernels wasm lacks those of the weights, and says so.
      if (report.weights?.kind !== 'ok' && report.weights !== undefined)
        expect(report.weights).toMatchObject({ kind: 'refused', ...(refused ? {} : { code: 'MISSING_KERNEL' }) });
      if (report.weights?.kind === 'refused' && !refused) expect(backend).toBe('wasm');
      if (refused) return;
      expect(report.batchDifference).toBeLessThan(1e-5);
      const cpu = onCpu.get(name);
      if (cpu === undefined) onCpu.set(name, report);
      else
        report.logits.forEach((z, i) => {
          expect(Math.abs(z - cpu.logits[i]!)).toBeLessThan(1e-4);
        });
    },
  );
});
