import * as tf from '@tensorflow/tfjs-core';
import { classifier, createRng, maxConfidenceAttack } from 'relu-overconfidence';
import { mobilenetV2 } from './support/mobilenetV2';
import { publish } from './support/report';
import { useWasm, wasmHeap } from './support/wasm';

const MIB = 2 ** 20;
const SIDE = 224;
const STEPS = 2;
/** In the order in which they are tried: the memory of wasm never shrinks, so what is larger comes later. */
const CASES = [
  { batch: 25, budget: 256 },
  { batch: 200, budget: 256 },
  { batch: 200, budget: 1024 },
];

await useWasm();
const net = classifier(mobilenetV2(5));
const rng = createRng(1);

const found: { batch: number; budget: number; images: number; heap: number; resident: number; seconds: number }[] = [];
for (const { batch, budget } of CASES) {
  const shape: [number, number, number, number] = [batch, SIDE, SIDE, 3];
  const size = tf.util.sizeFromShape(shape);
  const x = tf.tensor4d(
    Float32Array.from({ length: size }, () => rng.uniform()),
    shape,
  );
  const began = performance.now();
  const { adversarial, objective } = maxConfidenceAttack(net, x, { steps: STEPS, seed: 1, memory: budget * MIB });
  await objective.data();
  found.push({
    batch,
    budget,
    images: size * Float32Array.BYTES_PER_ELEMENT,
    heap: wasmHeap(),
    resident: process.memoryUsage.rss(),
    seconds: (performance.now() - began) / 1000,
  });
  tf.dispose([x, adversarial, objective]);
}

const [few, many, more] = found as [(typeof found)[number], (typeof found)[number], (typeof found)[number]];
/** Images, those that are found, and the better of both at each step: what an attack has to hold of all of its batch. */
const HELD = 6;
const beyond = (many.heap - few.heap) / (many.images - few.images);
const mib = (bytes: number) => (bytes / MIB).toFixed(0);

await publish({
  name: 'budget',
  question: 'What memory does an attack take at 224 x 224?',
  method: `MobileNetV2 (alpha 1) with five classes on wasm; ${STEPS} steps of \`maxConfidenceAttack\` on uniform noise, with the option \`memory\`. One process, one line after the other: the memory of wasm grows where it must and is never given back.`,
  tables: [
    {
      title: 'Memory by images and budget',
      columns: [
        'images',
        'their MiB',
        'budget, MiB',
        'wasm memory, MiB',
        'resident set of the process, MiB',
        'seconds',
      ],
      rows: found.map((one) => [
        String(one.batch),
        mib(one.images),
        String(one.budget),
        mib(one.heap),
        mib(one.resident),
        one.seconds.toFixed(1),
      ]),
    },
  ],
  targets: [
    {
      text: `175 images more take no more than ${HELD} times what they are themselves`,
      figure: `${beyond.toFixed(1)} times`,
      met: beyond <= HELD,
    },
    {
      text: 'four times the budget is used, and not exceeded by more than the images',
      figure: `${mib(more.heap)} MiB`,
      met: more.heap > many.heap && more.heap <= more.budget * MIB + HELD * more.images,
    },
  ],
  notes: [],
  raw: found,
});
