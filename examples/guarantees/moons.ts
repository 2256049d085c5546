import { mkdir, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import * as tf from '@tensorflow/tfjs-core';
import {
  type LabelledData,
  meanMaxConfidence,
  type NoiseSampler,
  predictions,
  uniformNoise,
} from 'relu-overconfidence';
import { twoMoons } from 'relu-overconfidence/datasets';
import { confidenceMap, type RayCurve, rayPlot } from 'relu-overconfidence/report';
import { type Claim, checkClaims } from '../support/claims';
import { confidenceAt } from '../two-moons/confidenceAt';
import { trainMoons } from '../two-moons/train';
import { bare, type Method, wrappersOf } from './methods';
import { sideBySide } from './sideBySide';

const OUTPUT = new URL('./output/', import.meta.url);
const BOXES = [
  [0, 1],
  [-100, 100],
] as const;
/** Maps per row of the picture: two methods, near and far. */
const PER_ROW = 2 * BOXES.length;
/** A direction from the origin that passes between the moons. */
const DIRECTION = [0.6, 0.8];
/** Distances from 0.1 to 1e8. */
const DISTANCES = Array.from({ length: 361 }, (_, i) => 10 ** (i / 40 - 1));
const EPSILON = 0.01;

/** Wraps a network trained on the two moons in every way, draws them side by side and checks what they promise. */
export async function moons(): Promise<void> {
  const points = twoMoons({ points: 1000, noise: 0.02, seed: 1 });
  const data = { x: tf.tensor2d(points.x, [points.y.length, 2]), y: tf.tensor1d(points.y, 'int32') };
  const network = await trainMoons('plain', data);
  const methods = [bare('bare ReLU network', network, 'crown')];
  const noise: NoiseSampler = ({ shape }, rng) => uniformNoise(shape, { rng });
  for await (const method of wrappersOf(network, { x: data.x, noise, discriminator: { epochs: 100 } }))
    methods.push(method);
  const rays: RayCurve[] = [];
  for (const method of methods) rays.push(await rayOf(method));
  await mkdir(OUTPUT, { recursive: true });
  const title = 'Confidence at a distance along one ray';
  await writeFile(new URL('ray.svg', OUTPUT), await rayPlot(rays, { title, width: 720 }));
  const maps: string[] = [];
  for (const method of methods) for (const box of BOXES) maps.push(await mapOf(method, box));
  const rows = maps.flatMap((_, i) => (i % PER_ROW === 0 ? [maps.slice(i, i + PER_ROW)] : []));
  await writeFile(new URL('maps.svg', OUTPUT), sideBySide(rows, 'Confidence on the two moons, near and far'));
  console.log(`\nPictures are in ${fileURLToPath(OUTPUT)}\n`);
  const claims: Claim[] = [];
  for (const [i, method] of methods.entries()) claims.push(...(await claimsOf(method, methods[0]!, rays[i]!, data)));
  checkClaims(claims);
}

function mapOf({ name, model }: Method, box: readonly [number, number]): Promise<string> {
  const look = { title: name, resolution: 64, width: 300 };
  return confidenceMap((at) => confidenceAt(model, at), { box: { x: box, y: box }, ...look });
}

async function rayOf({ name, model, limit }: Method): Promise<RayCurve> {
  const points = Float32Array.from(DISTANCES.flatMap((t) => DIRECTION.map((value) => t * value)));
  return { name, alphas: DISTANCES, confidences: await confidenceAt(model, points), limit: limit(DIRECTION) };
}

async function claimsOf(method: Method, unwrapped: Method, ray: RayCurve, { x, y }: LabelledData): Promise<Claim[]> {
  const { name, model, guarantee } = method;
  const last = ray.confidences[ray.confidences.length - 1]!;
  const off = Math.abs(last - ray.limit!);
  const claims = [{ text: `${name}: distance from its limit at 1e8`, value: off, holds: off < 0.001 }];
  if (guarantee === undefined) return claims;
  const flat = Float32Array.from(await x.data());
  const cost =
    meanMaxConfidence(await confidenceAt(unwrapped.model, flat)) - meanMaxConfidence(await confidenceAt(model, flat));
  claims.push({ text: `${name}: mean confidence lost on the moons`, value: cost, holds: cost < 0.1 });
  const [before, after] = [await predictions(unwrapped.model, x), await predictions(model, x)];
  const changed = before.filter((label, i) => label !== after[i]).length;
  claims.push({ text: `${name}: predictions changed, of ${y.size}`, value: changed, holds: changed <= y.size / 200 });
  const radius = guarantee.farAwayRadius(EPSILON);
  const beyond = Math.max(0, ...Array.from(ray.confidences).filter((_, i) => DISTANCES[i]! > radius + 2));
  const allowed = Math.max(guarantee.asymptote, 0.5 + EPSILON);
  const text = `${name}: largest confidence beyond ${radius.toPrecision(3)}, at most ${allowed.toFixed(3)}`;
  return [...claims, { text, value: beyond, holds: beyond <= allowed }];
}
