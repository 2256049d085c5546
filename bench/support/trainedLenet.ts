import { mkdir, readFile, writeFile } from 'node:fs/promises';
import * as tf from '@tensorflow/tfjs-core';
import type { LayersModel } from '@tensorflow/tfjs-layers';
import { cedaStep, createRng, type LabelledData, plainStep } from 'relu-overconfidence';
import { lenet } from 'relu-overconfidence/models';
import { OUTPUT } from './report';

const BATCH = 128;
const STEPS = 80;

/**
 * A LeNet after 80 steps of Adam (1e-3, batch 128) on MNIST. The weights are kept in `bench/output/` for the next time.
 */
export async function trainedLenet(method: 'plain' | 'ceda', data: LabelledData): Promise<LayersModel> {
  const model = lenet({ seed: 1 });
  const file = new URL(`lenet-${method}-${STEPS}.weights`, OUTPUT);
  const kept = await readFile(file).catch(() => undefined);
  if (kept !== undefined) setWeights(model, new Float32Array(new Uint8Array(kept).buffer));
  else {
    train(model, method, data);
    const values = await Promise.all(model.getWeights().map((weight) => weight.data<'float32'>()));
    await mkdir(OUTPUT, { recursive: true });
    await writeFile(file, new Uint8Array(Float32Array.from(values.flatMap((value) => [...value])).buffer));
  }
  return model;
}

function train(model: LayersModel, method: 'plain' | 'ceda', { x, y }: LabelledData): void {
  const optimizer = tf.train.adam(1e-3);
  const step = method === 'plain' ? plainStep : cedaStep;
  const order = createRng(1).permutation(x.shape[0]!);
  for (let i = 0; i < STEPS; i++)
    tf.tidy(() => {
      const rows = tf.tensor1d(order.slice(i * BATCH, (i + 1) * BATCH), 'int32');
      step(model, optimizer, { x: tf.gather(x, rows), y: tf.gather(y, rows) }, { seed: 1 });
    });
  optimizer.dispose();
}

function setWeights(model: LayersModel, values: Float32Array): void {
  tf.tidy(() => {
    let start = 0;
    model.setWeights(
      model.getWeights().map(({ shape, size }) => {
        start += size;
        return tf.tensor(values.slice(start - size, start), shape);
      }),
    );
  });
}
