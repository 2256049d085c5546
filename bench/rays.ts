import * as tf from '@tensorflow/tfjs-core';
import type { LayersModel } from '@tensorflow/tfjs-layers';
import { createRng } from 'relu-overconfidence';
import {
  affineMap,
  evaluate,
  type PiecewiseAffine,
  type RayPiece,
  toPiecewiseAffine,
  traceRay,
} from 'relu-overconfidence/regions';
import { digits, range } from './support/format';
import { interleave, type Samples, timed } from './support/interleave';
import { loadMnist } from './support/mnist';
import { publish, type Target } from './support/report';
import { median, ratio } from './support/stats';
import { trainedLenet } from './support/trainedLenet';
import { useWasm } from './support/wasm';

const ROUNDS = 5;
const GRID = 400;
/** Every tenth point of the grid is evaluated in float64 and the time taken times ten. */
const SHARE = 10;
const CHECKS = 50;

/** A ray from `origin` in `direction`, between two values of t. */
interface Ray {
  readonly origin: Float64Array;
  readonly direction: Float64Array;
  readonly from: number;
  readonly to: number;
}

const pointAt = ({ origin, direction }: Ray, t: number) => origin.map((value, j) => value + t * direction[j]!);
const gridOf = ({ from, to }: Ray) =>
  Float64Array.from({ length: GRID }, (_, i) => from + ((to - from) * i) / (GRID - 1));

/** The largest error of the logits between the points of the grid, read off straight lines, and of the exact trace. */
function errors(net: PiecewiseAffine, ray: Ray, pieces: readonly RayPiece[]) {
  const rng = createRng('errors');
  const grid = gridOf(ray);
  let [onGrid, traced] = [0, 0];
  for (let i = 0; i < CHECKS; i++) {
    const t = ray.from + (ray.to - ray.from) * rng.uniform();
    const truth = evaluate(net, pointAt(ray, t));
    const piece = pieces.find(({ to }) => t <= to)!;
    const right = grid.findIndex((node) => node >= t);
    const [a, b] = [grid[right - 1]!, grid[right]!];
    const [left, next] = [evaluate(net, pointAt(ray, a)), evaluate(net, pointAt(ray, b))];
    for (const [k, value] of truth.entries()) {
      const line = left[k]! + ((t - a) / (b - a)) * (next[k]! - left[k]!);
      onGrid = Math.max(onGrid, Math.abs(line - value));
      traced = Math.max(traced, Math.abs(piece.slope[k]! * t + piece.intercept[k]! - value));
    }
  }
  return { onGrid, traced };
}

/** A share of the points of the grid, one after the other in float64. */
function evaluateGrid(net: PiecewiseAffine, ray: Ray): void {
  for (const [i, t] of gridOf(ray).entries()) if (i % SHARE === 0) evaluate(net, pointAt(ray, t));
}

/** All points of the grid in one batch of the model itself, in float32. */
async function predictGrid(model: LayersModel, ray: Ray): Promise<void> {
  const points = new Float32Array(GRID * ray.origin.length);
  for (const [i, t] of gridOf(ray).entries()) points.set(pointAt(ray, t), i * ray.origin.length);
  const logits = tf.tidy(() => model.predict(tf.tensor(points, [GRID, 28, 28, 1])) as tf.Tensor);
  await logits.data();
  logits.dispose();
}

/** The gradients of all logits by automatic differentiation in float32. */
async function differentiate(model: LayersModel, x: Float64Array, classes: number): Promise<Float32Array> {
  const rows = tf.tidy(() => {
    const image = tf.tensor(Float32Array.from(x), [1, 28, 28, 1]);
    const logit = (k: number) => (z: tf.Tensor) => tf.sum(tf.slice(model.apply(z) as tf.Tensor2D, [0, k], [1, 1]));
    return tf.stack(Array.from({ length: classes }, (_, k) => tf.grad(logit(k))(image)));
  });
  const values = await rows.data<'float32'>();
  rows.dispose();
  return values;
}

await useWasm();
const data = await loadMnist(80 * 128 + 1);
const rows: string[][] = [];
const gradientRows: string[][] = [];
const targets: Target[] = [];
const raw: Record<string, Samples> = {};
const notes: string[] = [];
if (data) {
  const model = await trainedLenet('plain', data);
  const net = toPiecewiseAffine(model);
  const digit = Float64Array.from(await tf.slice(data.x, 80 * 128, 1).data());
  const rng = createRng('rays');
  const noise = digit.map(() => rng.uniform());
  const rays: Record<string, Ray> = {
    'alpha times noise, alpha from 1 to 20': { origin: digit.map(() => 0), direction: noise, from: 1, to: 20 },
    'alpha times noise, alpha from 1 to 1e6': { origin: digit.map(() => 0), direction: noise, from: 1, to: 1e6 },
    'a digit to noise': { origin: digit, direction: noise.map((value, j) => value - digit[j]!), from: 0, to: 1 },
  };
  for (const [name, ray] of Object.entries(rays)) {
    const trace = () => traceRay(net, ray.origin, ray.direction, { from: ray.from, to: ray.to });
    const samples = await interleave(
      [
        { name: 'trace', run: () => timed(trace) },
        { name: 'grid', run: async () => SHARE * (await timed(() => evaluateGrid(net, ray))) },
        { name: 'wasm', run: () => timed(() => predictGrid(model, ray)) },
      ],
      ROUNDS,
    );
    raw[name] = samples;
    const { trace: ours, grid, wasm } = samples as { trace: number[]; grid: number[]; wasm: number[] };
    const pieces = trace();
    const { onGrid, traced } = errors(net, ray, pieces);
    // A grid that is to miss no piece needs a point in each of them.
    const points = Math.max(GRID, pieces.length);
    const fine = grid.map((ms) => (ms * points) / GRID);
    const faster = ratio(fine, ours);
    rows.push([
      name,
      digits(pieces.length),
      digits(median(ours)),
      range(ratio(grid, ours)),
      range(ratio(wasm, ours)),
      range(faster),
      traced.toExponential(0),
      onGrid.toExponential(0),
    ]);
    targets.push({
      text: `${name}: less time than a float64 grid of ${points} points`,
      figure: range(faster),
      met: faster.median > 1,
    });
  }

  const samples = await interleave(
    [
      { name: 'affineMap', run: () => timed(() => affineMap(net, noise)) },
      { name: 'autodiff', run: () => timed(() => differentiate(model, noise, net.classes)) },
    ],
    ROUNDS,
  );
  raw.affineMap = samples;
  const { affineMap: ours, autodiff } = samples as { affineMap: number[]; autodiff: number[] };
  const { V } = affineMap(net, noise);
  const gradients = await differentiate(model, noise, net.classes);
  const apart = Math.max(...V.map((value, i) => Math.abs(value - gradients[i]!)));
  gradientRows.push(['LeNet', digits(median(ours)), digits(median(autodiff)), range(ratio(autodiff, ours))]);
  notes.push(`The ten gradients of automatic differentiation differ from V by at most ${apart.toExponential(0)}.`);
}

await publish({
  name: 'rays',
  question: 'How long does the exact trace of a ray through LeNet take, and the affine map of a region?',
  method: `One ray by \`traceRay\`, which finds every piece, against ${GRID} evaluations in float64 on a grid of equal steps (a tenth of them measured, times ten) and against one batch of ${GRID} in float32 on wasm. Ratio: their time by ours, round by round; above 1 means ours is faster. Errors: of the logits at ${CHECKS} random points of the ray, on a straight line between the grid's neighbours for the grid.`,
  tables: [
    {
      title: 'Exact trace of a ray',
      columns: [
        'ray',
        'pieces',
        'ms',
        'float64 grid',
        'wasm grid',
        'float64 grid, a point per piece',
        'error',
        'error of the grid',
      ],
      rows,
    },
    {
      title: 'V and a (float64) against the gradients of ten logits (float32, wasm), in milliseconds',
      columns: ['model', 'affineMap', 'autodiff', 'ratio'],
      rows: gradientRows,
    },
  ],
  targets,
  notes,
  raw,
});
