import * as tf from '@tensorflow/tfjs-core';
import { confidences, createRng, meanMaxConfidence } from 'relu-overconfidence';
import { paintShares } from '../canvas';
import type { Picture } from './drawMap';
import { moons, type Trainee } from './trainee';
import { type View, WHOLE } from './view';

/** What a network thinks of the part of the plane that is shown, and of three places. */
export interface Measurement {
  readonly picture: Picture;
  /** A coarse picture of the whole plane, to be seen while the visitor zooms out. */
  readonly wide: Picture;
  /** Mean confidence on the training points, on uniform noise around them in [0, 1]^2, and 10 from the origin. */
  readonly means: Readonly<Record<keyof typeof PLACES, number>>;
}

const rng = createRng('places');
const circle = Array.from({ length: 200 }, (_, i) => (2 * Math.PI * i) / 200);

const WIDE_CELLS = 50;
/** Noise at this distance from all training points is not on the moons. */
const AROUND = 0.1;

function isAround(x: number, y: number): boolean {
  return moons.y.every((_, i) => Math.hypot(x - moons.x[2 * i]!, y - moons.x[2 * i + 1]!) > AROUND);
}

/** Points of the plane, row-major. */
const PLACES = {
  moons: [...moons.x],
  noise: Array.from({ length: 600 }, () => [rng.uniform(), rng.uniform()] as const)
    .filter(([x, y]) => isAround(x, y))
    .flat(),
  far: circle.flatMap((angle) => [10 * Math.cos(angle), 10 * Math.sin(angle)]),
} as const;

/** Measures a network: one reading of confidences at all points at once. */
export async function measure({ model }: Trainee, view: View, cells: number): Promise<Measurement> {
  const groups = [cellCentres(view, cells), cellCentres(WHOLE, WIDE_CELLS), ...Object.values(PLACES)];
  const points = groups.flat();
  const x = tf.tensor2d(points, [points.length / 2, 2]);
  const values = await confidences(model, x, { batchSize: points.length / 2 });
  x.dispose();
  let from = 0;
  const [near, wide, ...means] = groups.map(({ length }) => {
    const part = values.subarray(from, from + length / 2);
    from += length / 2;
    return part;
  });
  const names = Object.keys(PLACES);
  return {
    picture: paint(near!, view, cells),
    wide: paint(wide!, WHOLE, WIDE_CELLS),
    means: Object.fromEntries(names.map((name, i) => [name, meanMaxConfidence(means[i]!)])) as Measurement['means'],
  };
}

function paint(values: Float64Array, view: View, cells: number): Picture {
  return {
    image: paintShares(
      values.map((confidence) => 2 * confidence - 1),
      cells,
    ),
    view,
  };
}

/** Centres of square cells, by rows from the top. */
function cellCentres({ x, y }: View, cells: number): number[] {
  const size = (x[1] - x[0]) / cells;
  return Array.from({ length: cells * cells }, (_, i) => [
    x[0] + ((i % cells) + 0.5) * size,
    y[1] - (Math.floor(i / cells) + 0.5) * size,
  ]).flat();
}
