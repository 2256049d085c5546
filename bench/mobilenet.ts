import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs-core';
import type { LayersModel } from '@tensorflow/tfjs-layers';
import { type Classifier, classifier, confidences, createRng, maxLogOdds } from 'relu-overconfidence';
import { disableWasmTraining, enableWasmTraining } from 'relu-overconfidence/wasm';
import { digits, range } from './support/format';
import { attack, gradientMs } from './support/gradientMs';
import { type Contestant, interleave, timed } from './support/interleave';
import { mobilenetV2 } from './support/mobilenetV2';
import { passRow } from './support/passRow';
import { startPeer } from './support/peer';
import { kernelProfile } from './support/profile';
import { publish } from './support/report';
import { median, ratio } from './support/stats';
import { useWasm, wasmHeap } from './support/wasm';

const BATCH = 4;
const CLASSES = 5;
const ROUNDS = 7;

const OURS = 'wasm, our kernels, frozen pass';
const MODEL = 'wasm, our kernels, the model itself';
const STOCK = 'wasm, stock kernels, the model itself';

await useWasm();
const model = mobilenetV2(CLASSES);
await normaliseLikeTrained(model);
const rng = createRng(1);
const pixels = BATCH * 224 * 224 * 3;
const x = tf.tensor4d(
  Float32Array.from({ length: pixels }, () => rng.uniform()),
  [BATCH, 224, 224, 3],
);
const frozen = classifier(model);
const unfrozen = classifier(model, { frozen: false });

/** Both pieces of work as contestants; `prepare` selects the kernels and is not timed. */
function contestants(name: string, net: Classifier, prepare: () => void): Contestant[] {
  return [
    {
      name: `${name}: forward`,
      run: async () => {
        prepare();
        return timed(() => confidences(net, x));
      },
    },
    {
      name: `${name}: gradient`,
      run: async () => {
        prepare();
        return gradientMs(net, x, maxLogOdds);
      },
    },
  ];
}

const peer = await startPeer('mobilenet', 'python3-torch');
const notes: string[] = [];
if (peer) {
  const folder = await mkdtemp(join(tmpdir(), 'bench-mobilenet-'));
  try {
    const weights = await Promise.all(model.layers.flatMap((layer) => layer.getWeights().map((w) => w.data())));
    await writeFile(join(folder, 'weights.bin'), Buffer.concat(weights.map(bytes)));
    await writeFile(join(folder, 'images.bin'), bytes(await x.data()));
    await peer.ask('load', { folder, classes: CLASSES, batch: BATCH });
  } finally {
    await rm(folder, { recursive: true });
  }
  const theirs = (await peer.ask('forward')).logits as number[];
  const ours = tf.tidy(() => frozen.logits(x));
  const furthest = Math.max(...(await ours.data()).map((value, i) => Math.abs(value - theirs[i]!)));
  ours.dispose();
  if (furthest > 1e-3) throw new Error(`PyTorch computes something else: ${furthest}`);
  notes.push(
    `PyTorch's logits of the same weights and images differ from ours by at most ${furthest.toExponential(0)}.`,
  );
}

const heap = wasmHeap();
attack(frozen, x, 1, maxLogOdds);
notes.push(
  `Memory of the wasm backend after an attack through the frozen pass: ${Math.round(wasmHeap() / 2 ** 20)} MiB, from ${Math.round(heap / 2 ** 20)} MiB with the model and its images; resident set of the whole process ${Math.round(process.memoryUsage().rss / 2 ** 20)} MiB.`,
);
const theirs = (command: string) => async () => (await peer!.ask(command)).ms;
const samples = await interleave(
  [
    ...contestants(OURS, frozen, () => enableWasmTraining()),
    ...contestants(MODEL, unfrozen, () => enableWasmTraining()),
    ...(peer
      ? [
          { name: 'PyTorch, 1 thread: forward', run: theirs('forward') },
          { name: 'PyTorch, 1 thread: gradient', run: theirs('input_gradient') },
        ]
      : []),
  ],
  ROUNDS,
);
const stock = await interleave(
  [
    {
      name: `${STOCK}: forward`,
      run: async () => {
        disableWasmTraining();
        return timed(() => confidences(unfrozen, x));
      },
    },
  ],
  2,
);
enableWasmTraining();
const profile = await kernelProfile('Where an attack of one step spends its time', () =>
  attack(frozen, x, 1, maxLogOdds),
);
peer?.close();

const ours = { forward: samples[`${OURS}: forward`]!, gradient: samples[`${OURS}: gradient`]! };
const names = [OURS, MODEL, ...(peer ? ['PyTorch, 1 thread'] : [])];
const against = (work: 'forward' | 'gradient') => ratio(ours[work], samples[`PyTorch, 1 thread: ${work}`]!);
await publish({
  name: 'mobilenet',
  question: 'How fast is a MobileNetV2?',
  method: `MobileNetV2 of width 1 with random weights, batch ${BATCH}, images 224 x 224 x 3; a forward pass to the confidences, and the gradient of the log-odds with respect to the images, as the time of a step of \`pgdLinf\`. Ratios are to our frozen pass in the same round; above 1 means slower.`,
  tables: [
    {
      title: 'Milliseconds (median) and ratio (median and range over the rounds)',
      columns: ['', 'forward', 'ratio', 'input gradient', 'ratio'],
      rows: [
        ...names.map((name) => passRow(samples, OURS, name)),
        [STOCK, digits(median(stock[`${STOCK}: forward`]!)), '', 'not possible', ''],
      ],
    },
    profile,
  ],
  targets: peer
    ? [
        {
          text: "forward at most 1.3 times PyTorch's time",
          figure: range(against('forward')),
          met: against('forward').median <= 1.3,
        },
        {
          text: "input gradient at most 2 times PyTorch's time",
          figure: range(against('gradient')),
          met: against('gradient').median <= 2,
        },
      ]
    : [],
  notes,
  raw: { samples, stock },
  versions: peer?.versions ?? {},
});

/** Gives the batch normalisations statistics other than 0 and 1. */
async function normaliseLikeTrained(net: LayersModel): Promise<void> {
  const rng = createRng(2);
  for (const layer of net.layers) {
    if (layer.getClassName() !== 'BatchNormalization') continue;
    const [gamma, beta, mean, variance] = layer.getWeights().map((weight) => weight.shape);
    const drawn = (shape: number[], value: () => number) =>
      tf.tensor(Float32Array.from({ length: tf.util.sizeFromShape(shape) }, value), shape);
    const weights = [
      drawn(gamma!, () => 1 + 0.1 * rng.normal()),
      drawn(beta!, () => 0.1 * rng.normal()),
      drawn(mean!, () => 0.1 * rng.normal()),
      drawn(variance!, () => 0.5 + rng.uniform()),
    ];
    layer.setWeights(weights);
    tf.dispose(weights);
  }
}

function bytes(values: tf.TypedArray): Uint8Array {
  return new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
}
