import * as tf from '@tensorflow/tfjs-core';
import { createRng } from 'relu-overconfidence';
import { mlp } from 'relu-overconfidence/models';
import {
  countRegions,
  inputPlane,
  type PiecewiseAffine,
  planeThrough,
  type SliceOptions,
  sliceRegions,
  toPiecewiseAffine,
} from 'relu-overconfidence/regions';
import { digits } from './support/format';
import { loadMnist } from './support/mnist';
import { publish, type Target } from './support/report';
import { fittedExponent, median } from './support/stats';
import { trainedLenet } from './support/trainedLenet';
import { useWasm } from './support/wasm';

const NETWORKS = [
  [16, 16],
  [64, 64],
  [128, 128],
  [128, 128, 128],
];
const ROUNDS = Math.min(5, Number(process.env.BENCH_ROUNDS ?? 5));
/** Sides of the windows in the plane through three images, whose coordinates are (0, 0), (1, 0) and (0, 1). */
const WINDOWS = [0.003, 0.006, 0.012];

/** Milliseconds that this process has computed, which other processes of the machine disturb less than the clock. */
function busyMs(): number {
  return process.cpuUsage().user / 1000;
}

/** A network with two inputs and random biases, as those of `mlp` start from zero. */
function planar(hidden: readonly number[]): PiecewiseAffine {
  const model = mlp({ inputShape: [2], hidden, classes: 10, seed: 1 });
  const rng = createRng(1);
  tf.tidy(() =>
    model.setWeights(
      model
        .getWeights()
        .map((weight) =>
          weight.rank > 1 ? weight : tf.tensor1d(Array.from({ length: weight.size }, () => rng.normal())),
        ),
    ),
  );
  const net = toPiecewiseAffine(model);
  model.dispose();
  return net;
}

/** Wall-clock and computing time of one search, the median of some. */
function measure(rounds: number, search: () => number): { regions: number; ms: number; busy: number } {
  const samples = Array.from({ length: rounds }, () => {
    const [start, busy] = [performance.now(), busyMs()];
    const regions = search();
    return { regions, ms: performance.now() - start, busy: busyMs() - busy };
  });
  return {
    regions: samples[0]!.regions,
    ms: median(samples.map(({ ms }) => ms)),
    busy: median(samples.map(({ busy }) => busy)),
  };
}

await useWasm();
const rows: string[][] = [];
const perRegion = new Map<string, number>();
const targets: Target[] = [];
for (const hidden of NETWORKS) {
  const name = [2, ...hidden].join('-');
  const net = planar(hidden);
  sliceRegions(net, inputPlane, { maxRegions: 5000 });
  const sliced = measure(ROUNDS, () => sliceRegions(net, inputPlane).length);
  const counted = measure(ROUNDS, () => countRegions(net, inputPlane));
  const rate = (1000 * sliced.regions) / sliced.ms;
  perRegion.set(name, sliced.ms / sliced.regions);
  rows.push([
    name,
    `${sliced.regions}`,
    digits(sliced.ms),
    digits(rate),
    digits((1000 * counted.regions) / counted.ms),
  ]);
  if (name === '2-64-64')
    targets.push(
      { text: 'all regions of 2-64-64 within 1 s', figure: `${digits(sliced.ms)} ms`, met: sliced.ms <= 1000 },
      { text: '50,000 regions of 2-64-64 a second', figure: `${digits(rate)}`, met: rate >= 50_000 },
    );
}
const widths = [16, 64, 128];
const growth = fittedExponent(
  widths,
  widths.map((width) => perRegion.get(`2-${width}-${width}`)!),
);
targets.push({
  text: 'cost per region grows no faster than the width squared',
  figure: `width to the power of ${growth.toFixed(2)}`,
  met: growth <= 2,
});

const windowRows: string[][] = [];
const data = await loadMnist(80 * 128);
if (data) {
  const model = await trainedLenet('plain', data);
  const net = toPiecewiseAffine(model);
  const pixels = await data.x.data<'float32'>();
  const image = (i: number) => pixels.subarray(784 * i, 784 * (i + 1));
  const plane = planeThrough(image(0), image(1), image(2));
  const windows = WINDOWS.map((side) => {
    const options: SliceOptions = { box: { x: [0.33, 0.33 + side], y: [0.33, 0.33 + side] }, maxRegions: 10_000 };
    return { side, ...measure(1, () => sliceRegions(net, plane, options).length) };
  });
  for (const { side, regions, ms } of windows)
    windowRows.push([`${side} x ${side}`, `${regions}`, digits(ms), digits(ms / regions)]);
  const linear = fittedExponent(
    windows.map(({ regions }) => regions),
    windows.map(({ busy }) => busy),
  );
  const last = windows.at(-1)!;
  const whole = (10_000 * last.ms) / last.regions;
  targets.push(
    {
      text: '10,000 regions of LeNet within 2 minutes',
      figure: `${digits(whole / 1000)} s at the rate of the largest window`,
      met: whole <= 120_000,
    },
    {
      text: 'cost linear in the number of regions (exponent at most 1.1)',
      figure: `regions to the power of ${linear.toFixed(2)}`,
      met: linear <= 1.1,
    },
  );
  model.dispose();
}

await publish({
  name: 'regions',
  question: 'How fast are the regions of a plane found?',
  method: `Float64, one core. Networks with two inputs, He-normal weights, N(0, 1) biases and 10 classes, in the whole plane; median of ${ROUNDS}. LeNet: 80 steps of training on MNIST, windows in the plane through three training images.`,
  tables: [
    {
      title: 'Networks with two inputs',
      columns: ['', 'regions', 'ms', 'regions per second', 'only counted, per second'],
      rows,
    },
    ...(windowRows.length > 0
      ? [{ title: 'LeNet', columns: ['window', 'regions', 'ms', 'ms per region'], rows: windowRows }]
      : []),
  ],
  targets,
  notes: [],
  raw: { rows, windowRows },
});
