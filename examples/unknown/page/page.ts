import '@tensorflow/tfjs-backend-webgl';
import '@tensorflow/tfjs-backend-webgpu';
import { setWasmPaths } from '@tensorflow/tfjs-backend-wasm';
import plainWasm from '@tensorflow/tfjs-backend-wasm/dist/tfjs-backend-wasm.wasm?url';
import simdWasm from '@tensorflow/tfjs-backend-wasm/dist/tfjs-backend-wasm-simd.wasm?url';
import threadedWasm from '@tensorflow/tfjs-backend-wasm/dist/tfjs-backend-wasm-threaded-simd.wasm?url';
import * as tf from '@tensorflow/tfjs-core';
import { classifier, confidences, uniformNoise } from 'relu-overconfidence';
import {
  fitUnknown,
  imageInput,
  type Prediction,
  type RestoredUnknown,
  restoreUnknown,
  steady,
} from 'relu-overconfidence/detectors';
import { loadModel } from 'relu-overconfidence/models';

/** One element of the page. */
function element<T extends HTMLElement>(id: string): T {
  return document.getElementById(id) as T;
}

/** Says what is going on, or what went wrong. */
function say(id: string, text: string): void {
  element(id).textContent = text;
}

/** The first backend of these that starts here; `?backend=NAME` names one. */
async function start(): Promise<void> {
  setWasmPaths({
    'tfjs-backend-wasm.wasm': plainWasm,
    'tfjs-backend-wasm-simd.wasm': simdWasm,
    'tfjs-backend-wasm-threaded-simd.wasm': threadedWasm,
  });
  const asked = new URLSearchParams(location.search).get('backend');
  for (const name of asked === null ? ['webgl', 'wasm'] : [asked])
    if (await tf.setBackend(name).catch(() => false)) return;
  throw new Error('No backend of TensorFlow.js starts in this browser.');
}

const started = start();
let model: Awaited<ReturnType<typeof loadModel>> | undefined;
let guard: RestoredUnknown | undefined;

/** Runs work for an input, and shows its error beside it. */
function on(id: string, event: string, output: string, work: () => Promise<void>): void {
  element(id).addEventListener(event, () => {
    started.then(work).catch((error: unknown) => say(output, error instanceof Error ? error.message : String(error)));
  });
}

function filesOf(id: string): File[] {
  return [...(element<HTMLInputElement>(id).files ?? [])];
}

on('model', 'change', 'loaded', async () => {
  const files = filesOf('model');
  const [first] = files;
  if (first === undefined) return;
  say('loaded', 'Loading ...');
  const zip = files.length === 1 && first.name.endsWith('.zip');
  model = await loadModel(zip ? new Uint8Array(await first.arrayBuffer()) : files);
  const net = classifierOf(model);
  const noise = uniformNoise([20, ...net.inputShape], { seed: 1, bounds: net.bounds });
  const sure = await confidences(net, noise).finally(() => noise.dispose());
  const mean = sure.reduce((a, b) => a + b, 0) / sure.length;
  say('loaded', `${net.classes} classes. It is ${(100 * mean).toFixed(0)} % sure of noise.`);
});

function classifierOf({ model: loaded, bounds, labels }: NonNullable<typeof model>) {
  return classifier(loaded, { ...(bounds && { bounds }), ...(labels && { labels }) });
}

/** Photographs at a time that are drawn. */
const AT_ONCE = 16;

on('photos', 'change', 'fitted', async () => {
  if (model === undefined) throw new Error('Choose the model first.');
  const net = classifierOf(model);
  const files = filesOf('photos');
  const parts: tf.Tensor[] = [];
  for (let i = 0; i < files.length; i += AT_ONCE) {
    const some = await Promise.all(files.slice(i, i + AT_ONCE).map((file) => pixelsOf(file, net)));
    parts.push(tf.tidy(() => tf.concat(some)));
    tf.dispose(some);
    say('fitted', `Reading: ${Math.min(i + AT_ONCE, files.length)} of ${files.length} ...`);
  }
  const x = tf.tidy(() => tf.concat(parts));
  tf.dispose(parts);
  const onProgress = ({ done }: { readonly done: number }) => say('fitted', `Looking: ${done} images ...`);
  const fitted = await fitUnknown(net, x, { seed: 0, batchSize: 16, onProgress }).finally(() => x.dispose());
  const saved = fitted.save();
  guard = await restoreUnknown(model.model, saved);
  const { kept, atLeast, certainty, count, needed } = saved.threshold;
  const percent = (share: number) => `${(100 * share).toFixed(0)} %`;
  const few = count < needed ? ` For more than that, take ${needed} photographs.` : '';
  say(
    'fitted',
    `Ready: it keeps ${percent(kept)} of photographs like these; with ${percent(certainty)} certainty no fewer than ${percent(atLeast)}.${few}`,
  );
  element('report').replaceChildren(tableOf(fitted.tried[0]!.refused, percent));
  const href = URL.createObjectURL(new Blob([JSON.stringify(saved)], { type: 'application/json' }));
  const button = element<HTMLButtonElement>('download');
  button.onclick = () => Object.assign(document.createElement('a'), { href, download: 'unknown.json' }).click();
  button.hidden = false;
});

/** What of the photographs, destroyed in some way, is refused. */
function tableOf(refused: Readonly<Record<string, number>>, percent: (share: number) => string): HTMLTableElement {
  const table = document.createElement('table');
  table.createCaption().textContent = 'Refused of your photographs, destroyed:';
  for (const [name, share] of Object.entries(refused)) {
    const row = table.insertRow();
    row.insertCell().textContent = name;
    row.insertCell().textContent = percent(share);
  }
  return table;
}

/** A photograph as the model takes it, its middle cut out. */
async function pixelsOf(file: File, { inputShape, bounds }: ReturnType<typeof classifierOf>): Promise<tf.Tensor> {
  const bitmap = await createImageBitmap(file);
  const x = imageInput(bitmap, { inputShape, bounds });
  bitmap.close();
  return x;
}

on('picture', 'change', 'answer', async () => {
  const [file] = filesOf('picture');
  if (file === undefined || guard === undefined) throw new Error('Choose a model and photographs first.');
  const image = element<HTMLImageElement>('shown');
  image.src = URL.createObjectURL(file);
  await image.decode();
  image.hidden = false;
  say('answer', inWords(await guard.predictImage(image)));
});

on('webcam', 'click', 'answer', async () => {
  if (guard === undefined) throw new Error('Choose a model and photographs first.');
  const video = element<HTMLVideoElement>('video');
  video.srcObject = await navigator.mediaDevices.getUserMedia({ video: true });
  await video.play();
  video.hidden = false;
  const smooth = steady(5);
  for (;;) {
    const prediction = await guard.predictImage(video);
    say('answer', inWords({ ...prediction, label: smooth(prediction.label) }));
    await new Promise(requestAnimationFrame);
  }
});

function inWords({ label, confidence, reason }: Prediction): string {
  return `${label} (the model alone is ${(100 * confidence).toFixed(0)} % sure): ${reason}.`;
}
