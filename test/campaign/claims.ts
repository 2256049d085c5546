import '@tensorflow/tfjs-backend-cpu';
import '@tensorflow/tfjs-backend-wasm';
import * as tf from '@tensorflow/tfjs-core';
import type { LayersModel } from '@tensorflow/tfjs-layers';
import { maxConfidenceAttack, pgdL2 } from '../../src/attacks';
import { type Classifier, classifier, confidences } from '../../src/classifier';
import type { Rng } from '../../src/core/rng';
import { softmax } from '../../src/core/softmax';
import {
  ccu,
  certifiedMaxConfidence,
  confidenceSandwich,
  type GuaranteedClassifier,
  intervalBounds,
  jointDiscriminator,
  lastLayerLaplace,
  radialTemperature,
  reluGpResidual,
} from '../../src/guarantees';
import {
  activationPattern,
  affineMap,
  countRegions,
  distanceToBoundary,
  evaluate,
  inscribedBall,
  linearRegion,
  type PiecewiseAffine,
  type Region2d,
  rayPieces,
  sliceRegions,
} from '../../src/regions';
import { decideAt } from '../../src/regions/pass/applyNode';
import { push } from '../../src/regions/pass/push';
import { interceptOf, repeated, slopeOf } from '../../src/regions/pass/rounding';
import {
  asymptoticConfidence,
  evaluateRbf,
  minimalAlpha,
  type RbfNetwork,
  rbfConfidenceBound,
  rbfDistance,
  rbfRadius,
} from '../../src/theory';
import { disableWasmTraining, enableWasmTraining } from '../../src/wasm';

/** What claims are about. */
export interface Subject {
  readonly model: LayersModel;
  readonly net: PiecewiseAffine;
}

/** Tries to contradict a claim of the library; returns what contradicts it, in words. */
export type Claim = (subject: Subject, rng: Rng) => Promise<readonly string[]>;

/** Everything that the library certifies or calls exact. */
export const claims: Readonly<Record<string, Claim>> = {
  'interval bounds hold in exact arithmetic': intervals,
  'certified confidences hold in float32 on every backend': certificates,
  'searched confidences hold in float32 on every backend': searches,
  'attack <= exact <= certified': sandwiches,
  'affine maps, regions and distances are those of the network': regionsAroundPoints,
  'the pieces of a ray are the network': rays,
  'the limit along a ray is what the network tends to': limits,
  'nothing crosses before the minimal alpha': crossings,
  'the regions of a plane are those that points are in': planes,
  'wrappers keep their bounds in float32 on every backend': wrappers,
  'a joint discriminator keeps its bounds inside the box on every backend': boxBounds,
  'the limit of the Laplace approximation along a ray is what it tends to': laplaceLimits,
  'RBF networks keep the bounds of Theorem 3.2': rbfBounds,
};

/** Float64 evaluation beside the truth, relative to the numbers on the way. */
const ROUNDING = 1e-9;

/** Runs `work` on cpu, on wasm and on wasm with our kernels. */
async function onEveryBackend(work: (name: string) => Promise<void>): Promise<void> {
  try {
    await tf.setBackend('cpu');
    await work('cpu');
    await tf.setBackend('wasm');
    await work('wasm');
    await enableWasmTraining();
    await work('wasm with our kernels');
  } finally {
    disableWasmTraining();
    await tf.setBackend('cpu');
  }
}

/** A point of [0, 1]^d; one in four has zeros and ones alone. */
function point(size: number, rng: Rng): Float32Array {
  const corner = rng.uniform() < 0.25;
  return Float32Array.from({ length: size }, () => (corner ? rng.integer(2) : rng.uniform()));
}

/** Points of the box; half of them corners of it. */
function pointsOf(lower: ArrayLike<number>, upper: ArrayLike<number>, count: number, rng: Rng): Float32Array[] {
  return Array.from({ length: count }, (_, n) =>
    Float32Array.from(lower, (low, j) => {
      const share = n % 2 === 0 ? rng.integer(2) : rng.uniform();
      return Math.min(upper[j]!, Math.max(low, low + share * (upper[j]! - low)));
    }),
  );
}

async function intervals({ net }: Subject, rng: Rng): Promise<string[]> {
  const centre = point(net.inputSize, rng);
  const radius = rng.uniform() < 0.3 ? 0 : 10 ** (-3 * rng.uniform());
  const lower = Float64Array.from(centre, (v) => v - radius);
  const upper = Float64Array.from(centre, (v) => v + radius);
  const bounds = intervalBounds(net, lower, upper);
  const size = Math.max(...bounds.lower.map(Math.abs), ...bounds.upper.map(Math.abs));
  const broken: string[] = [];
  for (let n = 0; n < 30; n++) {
    const z = Float64Array.from(lower, (low, j) => low + rng.uniform() * (upper[j]! - low));
    for (const [k, value] of evaluate(net, z).entries())
      if (value < bounds.lower[k]! - ROUNDING * size || value > bounds.upper[k]! + ROUNDING * size)
        broken.push(`logit ${k} = ${value} outside [${bounds.lower[k]}, ${bounds.upper[k]}]`);
  }
  return broken;
}

async function certificates(subject: Subject, rng: Rng): Promise<string[]> {
  const center = point(subject.net.inputSize, rng);
  const epsilon = rng.uniform() < 0.2 ? 1e-6 : 0.3 * rng.uniform() ** 2 + 1e-4;
  const [crown] = certifiedMaxConfidence(subject.net, [center], epsilon);
  const [loose] = certifiedMaxConfidence(subject.net, [center], epsilon, { method: 'interval' });
  return contradict(subject, { center, epsilon, least: Math.min(crown!, loose!), known: [] }, rng);
}

async function searches(subject: Subject, rng: Rng): Promise<string[]> {
  const center = point(subject.net.inputSize, rng);
  const epsilon = rng.uniform() < 0.2 ? 1e-6 : 0.3 * rng.uniform() ** 2 + 1e-4;
  // Some searches come to their end, others do not.
  const seconds = rng.uniform() < 0.5 ? 1 : 0.02;
  const found = certifiedMaxConfidence(subject.net, [center], epsilon, { seconds });
  const known = found.points.map((z) => Float32Array.from(z));
  const broken = await contradict(subject, { center, epsilon, least: found[0]!, known }, rng);
  const [crown] = certifiedMaxConfidence(subject.net, [center], epsilon);
  if (!(found.reached[0]! <= found[0]!)) broken.push(`${found.reached[0]} reached above the searched ${found[0]}`);
  if (!(found[0]! <= crown! + ROUNDING)) broken.push(`${found[0]} above the ${crown} from which the search began`);
  return broken;
}

/** A claim about a ball, and points in it that are known to be sure. */
interface BallClaim {
  readonly center: Float32Array;
  readonly epsilon: number;
  readonly least: number;
  readonly known: readonly Float32Array[];
}

/** Looks on every backend for a confidence that is above the least bound that was claimed. */
async function contradict({ model, net }: Subject, claim: BallClaim, rng: Rng): Promise<string[]> {
  const { center, epsilon, least, known } = claim;
  const lower = center.map((v) => Math.max(0, v - epsilon));
  const upper = center.map((v) => Math.min(1, v + epsilon));
  const tried = [center, ...known, ...pointsOf(lower, upper, 40, rng)];
  const broken: string[] = [];
  await onEveryBackend(async (name) => {
    const x = tf.tensor(center, [1, ...net.inputShape]);
    if (name !== 'wasm') {
      // Stock wasm lacks the gradients of convolutions: there the points found on cpu are tried.
      const { adversarial, objective } = maxConfidenceAttack(classifier(model), x, { epsilon, steps: 6, seed: 1 });
      tried.push(Float32Array.from(await adversarial.data()));
      tf.dispose([adversarial, objective]);
    }
    const all = tf.tensor(flat(tried), [tried.length, ...net.inputShape]);
    const found = await largestConfidence(classifier(model), all);
    tf.dispose([x, all]);
    if (found > least) broken.push(`${name}: confidence ${found} above the certified ${least} (radius ${epsilon})`);
  });
  return broken;
}

async function sandwiches({ model, net }: Subject, rng: Rng): Promise<string[]> {
  const x = tf.tensor(point(net.inputSize, rng), [1, ...net.inputShape]);
  const epsilon = 0.01 + 0.2 * rng.uniform();
  const { attack, exact, certified } = await confidenceSandwich(model, x, epsilon, { steps: 6, seed: 1, seconds: 0.5 });
  x.dispose();
  const broken: string[] = [];
  const ladder = [attack[0]!, ...(exact === undefined ? [] : [exact[0]!]), certified[0]!];
  for (const [i, value] of ladder.entries())
    if (i > 0 && !(value >= ladder[i - 1]! - ROUNDING)) broken.push(`${ladder.join(' <= ')} does not hold`);
  return broken;
}

async function regionsAroundPoints({ net }: Subject, rng: Rng): Promise<string[]> {
  const z = Float64Array.from({ length: net.inputSize }, () => rng.normal());
  const { V, a } = affineMap(net, z);
  const broken: string[] = [];
  const differ = (what: string, got: Float64Array, from: ArrayLike<number>, scale: number) => {
    const truth = evaluate(net, from);
    const gap = Math.max(...truth.map((value, k) => Math.abs(value - got[k]!)));
    if (gap > ROUNDING * scale) broken.push(`${what}: ${gap} beside the network, at scale ${scale}`);
  };
  const at = (from: ArrayLike<number>) =>
    a.map((value, k) => Array.from(from).reduce((sum, v, j) => sum + V[k * net.inputSize + j]! * v, value));
  const scale = sizeAt(net, z);
  differ('affine map', at(z), z, scale);
  const region = linearRegion(net, z);
  if (!region.contains(z)) broken.push('a point is not in its own region');
  const ball = inscribedBall(net, z);
  if (Number.isFinite(ball.radius))
    for (let n = 0; n < 5; n++) {
      const direction = Float64Array.from(z, () => rng.normal());
      // Coordinates of a centre far away are rounded themselves.
      const reach = (1 - 1e-9) * ball.radius - 1e-13 * Math.hypot(...ball.center);
      const length = Math.max(0, reach) / Math.hypot(...direction);
      if (!region.contains(ball.center.map((value, j) => value + length * direction[j]!)))
        broken.push('a point of the inscribed ball is outside the region');
    }
  const distance = distanceToBoundary(net, z);
  if (distance > 0 && Number.isFinite(distance))
    for (let n = 0; n < 10; n++) {
      const direction = Float64Array.from(z, () => rng.normal());
      const length = (0.999 * distance * rng.uniform()) / Math.hypot(...direction);
      const near = z.map((value, j) => value + length * direction[j]!);
      if (!region.contains(near)) broken.push(`a point nearer than the boundary (${distance}) is outside the region`);
      differ('affine map inside the region', at(near), near, Math.max(scale, sizeAt(net, near)));
    }
  return broken;
}

async function laplaceLimits({ model, net }: Subject, rng: Rng): Promise<string[]> {
  const points = Array.from({ length: 30 }, () => point(net.inputSize, rng));
  const data = tf.tensor(flat(points), [points.length, ...net.inputShape]);
  const safe = await lastLayerLaplace(model, data);
  data.dispose();
  const direction = Float64Array.from({ length: net.inputSize }, () => Math.fround(rng.normal()));
  const origin = new Float64Array(net.inputSize);
  const { confidence } = safe.asymptoteAlong(origin, direction);
  // The truth in float64: in float32, inputs beyond the wrapper's horizon are clipped, entry by entry, into another direction.
  const { factor } = safe.save();
  const last = net.nodes[net.output - 1]!.inputs[0]!;
  const features = { ...net, output: last, classes: last === 0 ? net.inputSize : net.nodes[last - 1]!.size };
  const at = (t: number) => {
    const x = direction.map((v) => t * v);
    const phi = [...evaluate(features, x), 1];
    const rows = Math.round((Math.sqrt(1 + 8 * factor.length) - 1) / 2);
    const product = new Float64Array(rows);
    for (let i = 0, entry = 0; i < rows; i++)
      for (let j = 0; j <= i; j++, entry++) product[j]! += factor[entry]! * phi[i]!;
    const temperature = Math.sqrt(1 + (Math.PI / 8) * product.reduce((sum, v) => sum + v * v, 0));
    return Math.max(...softmax(evaluate(net, x).map((logit) => logit / temperature)));
  };
  // Features that hardly move on the way say nothing: with weights of 1e-25 the limit lies beyond what is looked at.
  const [start, end] = [0, 1e9].map((t) =>
    evaluate(
      net,
      direction.map((v) => t * v),
    ),
  );
  if (!end!.some((logit, k) => Math.abs(logit - start![k]!) > 1e3)) return [];
  // The limit has come when no greater distance changes anything any more: slopes of 1e-25 have kinks beyond 1e20.
  const [near, far, farthest] = [at(1e9), at(1e10), at(1e60)];
  if (Math.abs(near - far) > 1e-4 || Math.abs(farthest - far) > 1e-4 || Math.abs(far - confidence) < 1e-2) return [];
  return [`limit ${confidence}, but ${far} at t = 1e10`];
}

async function rbfBounds(_: Subject, rng: Rng): Promise<string[]> {
  const [inputSize, classes, count] = [1 + rng.integer(4), 2 + rng.integer(3), 1 + rng.integer(6)];
  const draw = (size: number, scale: number) => Float64Array.from({ length: size }, () => scale * rng.normal());
  const net: RbfNetwork = {
    inputShape: [inputSize],
    inputSize,
    classes,
    centres: draw(count * inputSize, 1),
    gamma: 10 ** (2 * rng.uniform() - 1),
    weights: draw(count * classes, 10 ** (3 * rng.uniform() - 1)),
  };
  const epsilon = 10 ** (-4 * rng.uniform() - 0.5);
  const radius = rbfRadius(net, epsilon);
  const broken: string[] = [];
  for (let n = 0; n < 100; n++) {
    const z = draw(inputSize, 0.2 + 2 * radius * rng.uniform());
    const distance = rbfDistance(net, z);
    const probabilities = softmax(evaluateRbf(net, z));
    const { upper, lower } = rbfConfidenceBound(net, distance);
    const [most, least] = [Math.max(...probabilities), Math.min(...probabilities)];
    if (most > upper + 1e-12 || least < lower - 1e-12) broken.push(`${least} and ${most} outside [${lower}, ${upper}]`);
    if (distance > radius && most > 1 / classes + epsilon * (1 + 1e-9))
      broken.push(`${most} beyond rbfRadius(${epsilon}) = ${radius}`);
  }
  return broken.slice(0, 3);
}

async function rays({ net }: Subject, rng: Rng): Promise<string[]> {
  const origin = Float64Array.from({ length: net.inputSize }, () => rng.normal());
  const direction = Float64Array.from(origin, () => rng.normal());
  const broken: string[] = [];
  let end = 0;
  for (const { from, to, slope, intercept } of rayPieces(net, origin, direction)) {
    if (from !== end) broken.push(`a piece begins at ${from} where the one before ended at ${end}`);
    end = to;
    const t = Number.isFinite(to) ? from + rng.uniform() * (to - from) : 2 * from + 1;
    const z = origin.map((value, j) => value + t * direction[j]!);
    const truth = evaluate(net, z);
    // A line in t is rounded by its parts, which may cancel.
    const scale = sizeAt(
      net,
      origin.map((value, j) => Math.abs(value) + t * Math.abs(direction[j]!)),
    );
    for (const [k, value] of truth.entries())
      if (Math.abs(slope[k]! * t + intercept[k]! - value) > ROUNDING * scale)
        broken.push(`at t = ${t} logit ${k} is ${value}, the piece says ${slope[k]! * t + intercept[k]!}`);
    if (broken.length > 2) break;
  }
  if (end !== Number.POSITIVE_INFINITY && broken.length === 0) broken.push(`the last piece ends at ${end}`);
  return broken;
}

/** The confidence far out, where the slopes that differ visibly have decided. */
async function limits({ net }: Subject, rng: Rng): Promise<string[]> {
  const x = Float64Array.from({ length: net.inputSize }, () => rng.normal());
  const { confidence, probabilities, slope, from } = asymptoticConfidence(net, x);
  const sum = probabilities.reduce((total, p) => total + p, 0);
  const broken: string[] = [];
  if (Math.abs(sum - 1) > 1e-9) broken.push(`the limits of the probabilities add up to ${sum}`);
  const steepest = Math.max(...slope);
  const behind = slope.map((value) => steepest - value).filter((gap) => gap > 0);
  const at = (alpha: number) => x.map((value) => alpha * value);
  // What the logits are apart for other reasons than their slopes has to be made up for as well.
  const start = Math.max(2 * from, 1);
  const intercepts = evaluate(net, at(start)).map((value, k) => value - slope[k]! * start);
  const apart = Math.max(...intercepts) - Math.min(...intercepts);
  const alpha = Math.max(start, ...behind.map((gap) => (60 + apart) / gap));
  const far = at(alpha);
  const logits = evaluate(net, far);
  // A difference of logits that float64 cannot tell from rounding says nothing about the limit.
  if (!logits.every(Number.isFinite) || ROUNDING * 1e-3 * sizeAt(net, far) > 0.01) return broken;
  const there = Math.max(...softmax(logits));
  if (Math.abs(there - confidence) > 1e-2) broken.push(`limit ${confidence}, but ${there} at alpha = ${alpha}`);
  return broken;
}

async function crossings({ net }: Subject, rng: Rng): Promise<string[]> {
  const x = Float64Array.from({ length: net.inputSize }, () => rng.normal());
  const confidence = 0.5 + 0.49 * rng.uniform();
  const alpha = minimalAlpha(net, x, { confidence });
  const sureAt = (t: number) =>
    Math.max(
      ...softmax(
        evaluate(
          net,
          x.map((value) => t * value),
        ),
      ),
    );
  const broken: string[] = [];
  const last = Math.min(alpha, 1e4);
  for (let n = 0; n < 200; n++) {
    const t = 1 + (last - 1) * rng.uniform() ** 3;
    const noise =
      1e-6 +
      ROUNDING *
        sizeAt(
          net,
          x.map((value) => t * value),
        );
    if (t < alpha * (1 - 1e-9) && sureAt(t) > confidence + noise)
      broken.push(`confidence ${sureAt(t)} at alpha = ${t}, before ${alpha}`);
  }
  if (Number.isFinite(alpha) && alpha < 1e12) {
    const noise =
      1e-6 +
      ROUNDING *
        sizeAt(
          net,
          x.map((value) => alpha * value),
        );
    if (sureAt(alpha) < confidence - noise) broken.push(`confidence ${sureAt(alpha)} < ${confidence} at ${alpha}`);
  }
  return broken.slice(0, 3);
}

async function planes({ net }: Subject, rng: Rng): Promise<string[]> {
  const vector = () => Float64Array.from({ length: net.inputSize }, () => rng.normal());
  if (net.inputSize < 2) return [];
  const through = rng.uniform() < 0.5;
  const plane = { origin: through ? new Float64Array(net.inputSize) : vector(), u: vector(), v: vector() };
  const [x, y] = [0, 1].map(() => {
    const low = rng.uniform() - 1;
    return [low, low + 0.1 + rng.uniform()] as const;
  });
  const box = { x: x!, y: y! };
  const regions = sliceRegions(net, plane, { box, maxRegions: 500 });
  if (!regions.complete) return [];
  const broken: string[] = [];
  if (countRegions(net, plane, { box }) !== regions.length) broken.push('countRegions and sliceRegions disagree');
  const area = regions.reduce((sum, { vertices }) => sum + areaOf(vertices), 0);
  const whole = (box.x[1] - box.x[0]) * (box.y[1] - box.y[0]);
  if (Math.abs(area - whole) > 1e-9 * whole) broken.push(`the regions have the area ${area}, the box ${whole}`);
  const at = (s: number, t: number) => plane.origin.map((value, j) => value + s * plane.u[j]! + t * plane.v[j]!);
  // A point in a sliver may lie so near to a line that it is taken for a point on it.
  const clear = regions
    .filter(({ vertices }) => areaOf(vertices) > SLIVER * perimeterOf(vertices))
    .map(({ inside }) => at(...inside))
    .filter((z) => isClear(net, z));
  const patterns = new Set(clear.map((z) => patternAt(net, z)));
  if (patterns.size !== clear.length)
    broken.push(`${clear.length} regions with a clear pattern inside, but only ${patterns.size} patterns`);
  for (let n = 0; n < 100; n++) {
    const [s, t] = [box.x, box.y].map(([low, high]) => low + rng.uniform() * (high - low)) as [number, number];
    const z = at(s, t);
    const region = regions.find(({ vertices }) => isInside(vertices, s, t));
    const truth = evaluate(net, z);
    const parts = plane.origin.map(
      (value, j) => Math.abs(value) + Math.abs(s * plane.u[j]!) + Math.abs(t * plane.v[j]!),
    );
    if (region === undefined || logitsGap(region, s, t, truth) > ROUNDING * sizeAt(net, parts))
      broken.push(`at (${s}, ${t}) ${region === undefined ? 'there is no region' : 'the region has other logits'}`);
  }
  return broken.slice(0, 3);
}

async function wrappers({ model, net }: Subject, rng: Rng): Promise<string[]> {
  const points = Array.from({ length: 40 }, () => point(net.inputSize, rng));
  const data = tf.tensor(flat(points), [points.length, ...net.inputShape]);
  const [name, wrap] = WRAPPERS[rng.integer(WRAPPERS.length)]!;
  const safe = await wrap(model, data);
  const broken: string[] = [];
  const distance = [0, 0.3, 10, 1e4, 1e9, 1e18][rng.integer(6)]!;
  const middle = points[0]!.map((value) => value + (distance * rng.normal()) / Math.sqrt(net.inputSize));
  const radius = rng.uniform() < 0.3 ? 0 : 0.3 * rng.uniform() * Math.max(distance, 0.1);
  const x = tf.tensor(middle, [1, ...net.inputShape]);
  const far = farPoints(safe, rng);
  const epsilon = 0.05;
  await onEveryBackend(async (backend) => {
    const [bound] = await safe.confidenceBound(x, radius);
    const near = Array.from({ length: 20 }, () => stepFrom(middle, 0.999999 * radius * rng.uniform(), rng));
    const batch = tf.tensor(flat([middle, ...near]), [21, ...net.inputShape]);
    const found = await largestConfidence(safe, batch);
    batch.dispose();
    if (found > bound!) broken.push(`${name}, ${backend}: ${found} above ${bound} within ${radius} at ${distance}`);
    if (radius > 1e-3 && distance < 1e6 && backend !== 'wasm') {
      const climbed = pgdL2(safe, x, { epsilon: 0.999999 * radius, steps: 5, bounds: [-1e30, 1e30], seed: 1 });
      const top = await largestConfidence(safe, climbed.adversarial);
      tf.dispose([climbed.adversarial, climbed.objective]);
      if (top > bound!)
        broken.push(`${name}, ${backend}: attack ${top} above ${bound} within ${radius} at ${distance}`);
    }
    if (far.length > 0) {
      const there = tf.tensor(flat(far), [far.length, ...net.inputShape]);
      const most = await largestConfidence(safe, there);
      there.dispose();
      if (most > 1 / safe.classes + epsilon)
        broken.push(`${name}, ${backend}: ${most} beyond farAwayRadius(${epsilon})`);
    }
  });
  tf.dispose([x, data]);
  if ('dispose' in safe) (safe as { dispose(): void }).dispose();
  return broken;
}

async function boxBounds({ model, net }: Subject, rng: Rng): Promise<string[]> {
  const points = Array.from({ length: 40 }, () => point(net.inputSize, rng));
  const data = tf.tensor(flat(points), [points.length, ...net.inputShape]);
  const safe = await jointDiscriminator(model, data, { epochs: 1, seed: 1 });
  const middle = point(net.inputSize, rng);
  const radius = rng.uniform() < 0.2 ? 0 : rng.uniform();
  const x = tf.tensor(middle, [1, ...net.inputShape]);
  const method = rng.uniform() < 0.5 ? 'interval' : 'crown';
  const inside = (value: number) => Math.min(Math.max(value, 0), 1);
  const broken: string[] = [];
  await onEveryBackend(async (backend) => {
    const [cube] = await safe.linfConfidenceBound(x, radius, { method });
    const [ball] = await safe.l2ConfidenceBound(x, radius, { method });
    const corners = Array.from({ length: 20 }, () =>
      middle.map((value) => inside(value + (rng.integer(2) === 0 ? -1 : 1) * 0.999999 * radius)),
    );
    const near = Array.from({ length: 20 }, () => stepFrom(middle, 0.999999 * radius * rng.uniform(), rng).map(inside));
    for (const [what, bound, around] of [
      ['cube', cube!, corners],
      ['ball', ball!, near],
    ] as const) {
      const batch = tf.tensor(flat([middle, ...around]), [21, ...net.inputShape]);
      const found = await largestConfidence(safe, batch);
      batch.dispose();
      if (found > bound) broken.push(`${backend}, ${method}, ${what}: ${found} above ${bound} within ${radius}`);
    }
    if (radius > 1e-3 && backend !== 'wasm') {
      const climbed = pgdL2(safe, x, { epsilon: 0.999999 * radius, steps: 5, seed: 1 });
      const top = await largestConfidence(safe, climbed.adversarial);
      tf.dispose([climbed.adversarial, climbed.objective]);
      if (top > ball!) broken.push(`${backend}, ${method}: attack ${top} above ${ball} within ${radius}`);
    }
  });
  tf.dispose([x, data]);
  safe.dispose();
  return broken;
}

type Wrap = (model: LayersModel, data: tf.Tensor) => Promise<GuaranteedClassifier>;

const WRAPPERS: readonly (readonly [string, Wrap])[] = [
  ['radialTemperature', (model, x) => radialTemperature(model, x)],
  ['reluGpResidual', (model, x) => reluGpResidual(model, x)],
  ['lastLayerLaplace', (model, x) => lastLayerLaplace(model, x)],
  ['ccu', (model, x) => ccu(model, { x }, { components: 2, seed: 1 })],
  ['jointDiscriminator', (model, x) => jointDiscriminator(model, x, { epochs: 1, seed: 1 })],
];

/** Points beyond `farAwayRadius(0.05)`, where float32 still holds their coordinates. */
function farPoints(safe: GuaranteedClassifier, rng: Rng): Float32Array[] {
  const radius = safe.farAwayRadius(0.05);
  if (!(radius < 1e18)) return [];
  return [1.0001, 2, 1e3, 1e6].map((factor) => stepFrom(safe.centre, factor * Math.max(radius, 1e-3), rng));
}

function stepFrom(middle: ArrayLike<number>, length: number, rng: Rng): Float32Array {
  const direction = Float64Array.from(middle, () => rng.normal());
  const norm = Math.hypot(...direction);
  return Float32Array.from(middle, (value, j) => value + (length * direction[j]!) / norm);
}

async function largestConfidence(model: Classifier, x: tf.Tensor): Promise<number> {
  return Math.max(...(await confidences(model, x)));
}

function flat(points: readonly Float32Array[]): Float32Array {
  return Float32Array.from(points.flatMap((values) => [...values]));
}

/** The size of the numbers that the network adds up at a point: what float64 rounds is relative to it. */
function sizeAt(net: PiecewiseAffine, z: ArrayLike<number>): number {
  return sizesAt(net, z).reduce((most, sizes) => sizes.reduce((a, b) => Math.max(a, b), most), 1);
}

/** Width of regions, in boxes about as wide as 1, that rounding of their corners may leave without a point of their own. */
const SLIVER = 1e-8;

/** What `sliceRegions` takes for zero, as a share of the values that are compared. */
const SAME = 1e-11;

/** Whether no value at a point is so near to a threshold or a rival that `sliceRegions` takes it for equal. */
function isClear(net: PiecewiseAffine, z: Float64Array): boolean {
  const sizes = sizesAt(net, z);
  let clear = true;
  push(net, z, { count: 1, points: 1 }, (node, values) => {
    const size = sizes[node.inputs[0]!]!;
    const states = decideAt(node, values);
    const compare = (distance: number, beside: number) => {
      if (Math.abs(distance) < SAME * beside) clear = false;
    };
    for (let i = 0; i < node.size; i++)
      if (node.kind === 'kink') for (const threshold of node.thresholds) compare(values[i]! - threshold, size[i]!);
      else {
        const group = node.members.subarray(node.starts[i]!, node.starts[i + 1]!);
        const winner = group[states[i]!]!;
        for (const m of group)
          if (m !== winner) compare(values[winner]! - values[m]!, Math.max(size[winner]!, size[m]!));
      }
    return states;
  });
  return clear;
}

/** The sizes of what is added up to each entry of every value at a point. */
function sizesAt(net: PiecewiseAffine, z: ArrayLike<number>): Float64Array[] {
  const sizes = [Float64Array.from(z, Math.abs)];
  for (const node of net.nodes) {
    const inputs = node.inputs.map((id) => sizes[id]!);
    const out = new Float64Array(node.size);
    if (node.kind === 'affine') {
      node.map.absolute().addTo(out, inputs[0]!, 1);
      const [offset, offsetSizes] = [repeated(node.offset, node.size), repeated(node.offsetSizes, node.size)];
      for (let i = 0; i < node.size; i++) out[i]! += Math.abs(offset[i]!) + offsetSizes[i]!;
    } else if (node.kind === 'sum')
      for (const input of inputs)
        input.forEach((v, i) => {
          out[i]! += v;
        });
    else if (node.kind === 'max')
      for (let g = 0; g < node.size; g++)
        for (let m = node.starts[g]!; m < node.starts[g + 1]!; m++)
          out[g] = Math.max(out[g]!, inputs[0]![node.members[m]!]!);
    else
      for (let i = 0; i < node.size; i++)
        for (let p = 0; p < node.pieces; p++)
          out[i] = Math.max(
            out[i]!,
            Math.abs(slopeOf(node, i, p)) * inputs[0]![i]! + Math.abs(interceptOf(node, i, p)),
          );
    // Compared with NaN every claim would hold.
    if (out.some(Number.isNaN)) throw new Error(`The sizes of a value of a ${node.kind} node are not numbers.`);
    sizes.push(out);
  }
  return sizes;
}

function patternAt(net: PiecewiseAffine, z: Float64Array): string {
  return activationPattern(net, z)
    .map((states) => states?.join(',') ?? '')
    .join(';');
}

function areaOf(vertices: Float64Array): number {
  let twice = 0;
  for (let i = 0; i < vertices.length; i += 2) {
    const j = (i + 2) % vertices.length;
    twice += vertices[i]! * vertices[j + 1]! - vertices[j]! * vertices[i + 1]!;
  }
  return twice / 2;
}

function perimeterOf(vertices: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < vertices.length; i += 2) {
    const j = (i + 2) % vertices.length;
    sum += Math.hypot(vertices[j]! - vertices[i]!, vertices[j + 1]! - vertices[i + 1]!);
  }
  return sum;
}

function isInside(vertices: Float64Array, s: number, t: number): boolean {
  for (let i = 0; i < vertices.length; i += 2) {
    const j = (i + 2) % vertices.length;
    const [dx, dy] = [vertices[j]! - vertices[i]!, vertices[j + 1]! - vertices[i + 1]!];
    if (dx * (t - vertices[i + 1]!) - dy * (s - vertices[i]!) < -1e-12 * Math.hypot(dx, dy)) return false;
  }
  return true;
}

function logitsGap({ slope, intercept }: Region2d, s: number, t: number, truth: Float64Array): number {
  return Math.max(...truth.map((v, k) => Math.abs(slope[2 * k]! * s + slope[2 * k + 1]! * t + intercept[k]! - v)));
}
