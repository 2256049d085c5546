import * as tf from '@tensorflow/tfjs-core';
import { acetStep, createRng } from 'relu-overconfidence';
import { mlp } from 'relu-overconfidence/models';
import { publish } from './support/report';
import { useWasm, wasmHeap } from './support/wasm';

const STEPS = 1000;
const EVERY = 100;
const BATCH = 32;
const FEATURES = 16;
const CLASSES = 4;
const MIB = 2 ** 20;
/** The optimizer makes its slots in the first steps, and the collector of JavaScript needs a while to settle. */
const SETTLED = 3 * EVERY;
/** How much the resident set may wander: the collector decides when to give memory back. */
const SLACK_MIB = 16;

interface Sample {
  readonly step: number;
  readonly tensors: number;
  readonly bytes: number;
  readonly heap: number;
  readonly resident: number;
}

function sample(step: number): Sample {
  const { numTensors, numBytes } = tf.memory();
  return { step, tensors: numTensors, bytes: numBytes, heap: wasmHeap(), resident: process.memoryUsage.rss() };
}

await useWasm();
const model = mlp({ inputShape: [FEATURES], hidden: [64, 64], classes: CLASSES, seed: 1 });
const optimizer = tf.train.adam(1e-3);
const rng = createRng('memory');
const samples: Sample[] = [];
for (let step = 1; step <= STEPS; step++) {
  const x = tf.tensor2d(
    Float32Array.from({ length: BATCH * FEATURES }, () => rng.uniform()),
    [BATCH, FEATURES],
  );
  const y = tf.tensor1d(
    Int32Array.from({ length: BATCH }, () => rng.integer(CLASSES)),
    'int32',
  );
  tf.dispose(acetStep(model, optimizer, { x, y }, { rng, epsilon: 0.3, steps: 10 }));
  tf.dispose([x, y]);
  if (step === 1 || step % EVERY === 0) samples.push(sample(step));
}
optimizer.dispose();
model.dispose();

const settled = samples.filter(({ step }) => step >= SETTLED);
const growth = (of: (s: Sample) => number) => of(settled.at(-1)!) - of(settled[0]!);
const [tensors, bytes, heap, resident] = [
  growth((s) => s.tensors),
  growth((s) => s.bytes),
  growth((s) => s.heap),
  growth((s) => s.resident) / MIB,
];
await publish({
  name: 'memory',
  question: 'Does training hold on to memory?',
  method: `${STEPS.toLocaleString('en-US')} ACET steps (PGD-10) of a small dense network (${FEATURES}-64-64-${CLASSES}, batch ${BATCH}) on wasm, in one process. The first steps are when optimizer and buffers come into being; growth is counted from step ${SETTLED} to the last.`,
  tables: [
    {
      title: 'Memory after so many steps',
      columns: ['step', 'tensors', 'bytes in tensors', 'wasm memory, MiB', 'resident set of the process, MiB'],
      rows: samples.map((s) => [
        String(s.step),
        String(s.tensors),
        s.bytes.toLocaleString('en-US'),
        (s.heap / MIB).toFixed(1),
        (s.resident / MIB).toFixed(0),
      ]),
    },
  ],
  targets: [
    { text: 'no tensor more', figure: `${tensors} tensors, ${bytes} bytes more`, met: tensors === 0 && bytes === 0 },
    { text: 'the wasm memory does not grow', figure: `${heap} bytes more`, met: heap === 0 },
    {
      text: `the resident set grows by no more than ${SLACK_MIB} MiB`,
      figure: `${resident.toFixed(1)} MiB`,
      met: resident <= SLACK_MIB,
    },
  ],
  notes: [],
  raw: samples,
});
