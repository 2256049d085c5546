import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import * as tf from '@tensorflow/tfjs-core';
import { type LayersModel, layers, sequential } from '@tensorflow/tfjs-layers';
import {
  type Classifier,
  classifier,
  confidences,
  fineTune,
  fit,
  gaussianLowPass,
  type LabelledData,
  maxConfidenceAttack,
  meanMaxConfidence,
  predictions,
  stretchContrast,
  uniformNoise,
} from 'relu-overconfidence';
import { decodeImage } from 'relu-overconfidence/datasets';
import { loadModel, saveModel } from 'relu-overconfidence/models';
import { progressBar } from '../support/progressBar';
import { useWasm } from '../support/useWasm';

/**
 * `npx tsx examples/fine-tune/photos.ts [--seed N]`: gives the trunk of a Teachable Machine model a new head for six kinds of waste, trains it
 * plainly on 360 photographs, fine-tunes the head, and measures both heads on 180 others, on noise and on photographs of other things.
 */
const { values } = parseArgs({ options: { seed: { type: 'string', default: '1' } } });
const { RELU_WILD = '../shared/wild-models', RELU_DATA = '../shared/data' } = process.env;
const PHOTOS = join(RELU_DATA, 'photos');
const KINDS = ['cardboard', 'glass', 'metal', 'paper', 'plastic', 'trash'];
const SIZE = 224;
const BOUNDS = [-1, 1] as const;
const EPSILON = 0.2; // 0.1 of the width of the bounds

await useWasm();
const { model: published } = await loadModel(join(RELU_WILD, 'teachable-machine-12'));
const trunk = (published as LayersModel).layers[0] as LayersModel;
const [train, test] = [await waste('train'), await waste('test')];
const model = await withHead(trunk, train);
const net = classifier(model, { bounds: BOUNDS, labels: KINDS });
const before = await measured(net, 'before');
const started = performance.now();
const result = await fineTune(net, train, {
  layers: 'head',
  epsilon: EPSILON,
  validation: test,
  seed: Number(values.seed),
  onStep: progressBar('head'),
  onCheck: (record) => console.log(JSON.stringify(record)),
});
const seconds = (performance.now() - started) / 1000;
console.log(result.reason);
const after = await measured(net, 'after');
console.log(
  `\n| | ${Object.keys(before).join(' | ')} |\n|---|${Object.keys(before)
    .map(() => '--:|')
    .join('')}`,
);
for (const [name, row] of Object.entries({ before, after }))
  console.log(
    `| ${name} | ${Object.values(row)
      .map((value) => value.toFixed(3))
      .join(' | ')} |`,
  );
console.log(`\n${result.updates} updates in ${seconds.toFixed(0)} s`);
const folder = fileURLToPath(new URL(`./output/photos-${values.seed}/`, import.meta.url));
console.log(`Saved ${await saveModel(model, folder, { labels: KINDS, overwrite: true })}`);

/** A head of the shape that Teachable Machine makes, trained on features of the photographs. */
async function withHead(body: LayersModel, { x, y }: LabelledData): Promise<LayersModel> {
  const head = sequential({
    layers: [
      layers.dense({ inputShape: [body.outputs[0]!.shape[1]!], units: 100, activation: 'relu' }),
      layers.dense({ units: KINDS.length, activation: 'softmax' }),
    ],
  });
  const features = tf.concat(
    Array.from({ length: x.shape[0]! / 20 }, (_, i) =>
      tf.tidy(() => body.predict(tf.slice(x, 20 * i, 20)) as tf.Tensor),
    ),
  );
  const high = (await tf.max(features).data())[0]!;
  const view = classifier(head, { bounds: [0, high] });
  await fit(view, { x: features, y }, { method: 'plain', epochs: 60, batchSize: 32, seed: 1 });
  features.dispose();
  return sequential({ layers: [body, head] });
}

/** Accuracy, and mean confidences. */
async function measured(seen: Classifier, label: string): Promise<Readonly<Record<string, number>>> {
  console.log(`measuring ${label}`);
  const meanOf = async (images: tf.Tensor) => {
    const mean = meanMaxConfidence(await confidences(seen, images));
    images.dispose();
    return mean;
  };
  const labels = await test.y.data();
  const right = (await predictions(seen, test.x)).filter((kind, i) => kind === labels[i]).length;
  const shape = [20, SIZE, SIZE, 3];
  const smooth = tf.tidy(() => {
    const blurred = gaussianLowPass(uniformNoise(shape, { seed: 2 }), 10) as tf.Tensor4D;
    return tf.sub(tf.mul(stretchContrast(blurred), 2), 1);
  });
  const noise = uniformNoise(shape, { seed: 3, bounds: BOUNDS });
  const { adversarial } = maxConfidenceAttack(seen, noise, { epsilon: EPSILON, steps: 20, seed: 4 });
  return {
    'test accuracy': right / labels.length,
    'test photographs': meanMaxConfidence(await confidences(seen, test.x)),
    insects: await meanOf(await photos(join(PHOTOS, 'insects'))),
    things: await meanOf(await photos(join(PHOTOS, 'things'))),
    noise: await meanOf(noise),
    'smooth noise': await meanOf(smooth),
    'attacked noise': await meanOf(adversarial),
  };
}

async function waste(part: string): Promise<LabelledData> {
  const sets = await Promise.all(KINDS.map((kind) => photos(join(PHOTOS, 'trash', part, kind))));
  const y = sets.flatMap(({ shape }, kind) => Array<number>(shape[0]!).fill(kind));
  const x = tf.concat(sets);
  tf.dispose(sets);
  return { x, y: tf.tensor1d(y, 'int32') };
}

/** The photographs of a folder, in [-1, 1]. */
async function photos(folder: string): Promise<tf.Tensor> {
  const names = (await readdir(folder)).filter((name) => /\.jpe?g$/i.test(name)).sort();
  const images: tf.Tensor3D[] = [];
  for (const name of names) {
    const { pixels } = await decodeImage(await readFile(join(folder, name)), { size: [SIZE, SIZE] });
    images.push(tf.tidy(() => tf.sub(tf.div(tf.tensor3d(Float32Array.from(pixels), [SIZE, SIZE, 3]), 127.5), 1)));
  }
  const all = tf.stack(images);
  tf.dispose(images);
  return all;
}
