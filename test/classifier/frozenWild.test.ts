import '@tensorflow/tfjs-backend-wasm';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { GraphModel } from '@tensorflow/tfjs-converter';
import * as tf from '@tensorflow/tfjs-core';
import { type LayersModel, loadLayersModel } from '@tensorflow/tfjs-layers';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { classifier } from '../../src/classifier/classifier';
import { openInference } from '../../src/classifier/inference';
import { createRng } from '../../src/core/rng';
import { lossesOf } from '../../src/losses/headLosses';
import { disableWasmTraining, enableWasmTraining } from '../../src/wasm';
import { expectNoLeak } from '../support/expectNoLeak';
import { loadWildGraphModel, wildArtifacts, wildModels } from '../support/wildModels';

const names = existsSync(wildModels)
  ? readdirSync(wildModels).filter((name) => existsSync(join(wildModels, name, 'model.json')))
  : [];

const topologyOf = (name: string) =>
  JSON.parse(readFileSync(join(wildModels, name, 'model.json'), 'utf8')) as {
    readonly format?: string;
    readonly modelTopology: { readonly keras_version?: string };
  };

/** The model, with weights drawn at random where only its topology is known; `undefined` where tfjs does not load it. */
async function load(name: string): Promise<LayersModel | GraphModel | undefined> {
  const { format, modelTopology } = topologyOf(name);
  if (format === 'graph-model') return loadWildGraphModel(name);
  // tfjs does not read the inputs of Keras 3.
  if (modelTopology.keras_version?.startsWith('3')) return undefined;
  if (!name.startsWith('topology-')) return loadLayersModel({ load: async () => wildArtifacts(name) });
  const model = await loadLayersModel({ load: async () => ({ modelTopology }) });
  const rng = createRng(name);
  for (const weight of model.weights) {
    const variable = weight.read() as tf.Variable;
    const fanIn = Math.max(1, variable.size / variable.shape.at(-1)!);
    const draw = /variance|gamma/.test(weight.name)
      ? () => 0.5 + rng.uniform()
      : () => rng.normal() * (variable.rank > 1 ? Math.sqrt(2 / fanIn) : 0.1);
    tf.tidy(() => variable.assign(tf.tensor(new Float32Array(variable.size).map(draw), variable.shape)));
  }
  return model;
}

/** The length of the difference, as a share of the length. */
async function apart(a: tf.Tensor, b: tf.Tensor): Promise<number> {
  const [first, second] = [await a.data(), await b.data()];
  const length = (values: Iterable<number>) => Math.sqrt(Array.from(values, (v) => v * v).reduce((x, y) => x + y, 0));
  return length(Array.from(first, (value, i) => value - second[i]!)) / length(second);
}

async function largestApart(a: tf.Tensor, b: tf.Tensor): Promise<number> {
  const [first, second] = [await a.data(), await b.data()];
  const largest = Math.max(...Array.from(second, Math.abs));
  return Math.max(...Array.from(first, (value, i) => Math.abs(value - second[i]!))) / largest;
}

describe(`models that people have published${names.length === 0 ? ` (SKIPPED: no ${wildModels})` : ''}`, () => {
  beforeAll(async () => {
    await tf.setBackend('wasm');
    await enableWasmTraining();
  });
  afterAll(async () => {
    disableWasmTraining();
    await tf.setBackend('cpu');
  });

  for (const name of names) {
    const keras3 = topologyOf(name).modelTopology.keras_version?.startsWith('3');
    const title = `${name} is frozen, and attacked as the model would be`;
    it.skipIf(keras3)(
      keras3 ? `${title} (SKIPPED: Keras 3, which tfjs does not load)` : title,
      async () => {
        const model = (await load(name))!;
        const net = classifier(model, { outputs: 'auto', bounds: [-1, 1] });
        expect(net.inference).toEqual({ pass: 'frozen' });
        const rng = createRng(name);
        const shape = [2, ...net.inputShape];
        const x = tf.tensor(
          new Float32Array(tf.util.sizeFromShape(shape)).map(() => 2 * rng.uniform() - 1),
          shape,
        );
        const { logOdds } = lossesOf(net);
        await expectNoLeak(async () => {
          const [frozen, plain] = [net, classifier(net, { frozen: false })].map((one) => {
            const pass = openInference('pgdLinf', one);
            const found = { logits: pass.logits(x), ...pass.valueAndGradient(logOdds, x) };
            pass.close();
            return found;
          }) as [
            Record<'logits' | 'value' | 'gradient', tf.Tensor>,
            Record<'logits' | 'value' | 'gradient', tf.Tensor>,
          ];
          expect(await largestApart(frozen.logits, plain.logits)).toBeLessThan(1e-5);
          expect(await largestApart(frozen.value, plain.value)).toBeLessThan(1e-4);
          // Of the many units of a deep network some few lie so near a kink that rounding moves them over it.
          expect(await apart(frozen.gradient, plain.gradient)).toBeLessThan(2e-2);
          tf.dispose([frozen, plain]);
        });
        tf.dispose(x);
        model.dispose();
      },
      120_000,
    );
  }
});
