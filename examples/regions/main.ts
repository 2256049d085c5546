import { mkdir, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import * as tf from '@tensorflow/tfjs-core';
import type { LayersModel } from '@tensorflow/tfjs-layers';
import { twoMoons } from 'relu-overconfidence/datasets';
import { inputPlane, planeThrough, type Region2d, sliceRegions, toPiecewiseAffine } from 'relu-overconfidence/regions';
import { type RayCurve, type RegionMapOptions, rayPlot, regionMap } from 'relu-overconfidence/report';
import { rbfNetwork } from 'relu-overconfidence/theory';
import { loadDigits } from '../digits/digits';
import { type Claim, checkClaims } from '../support/claims';
import { useWasm } from '../support/useWasm';
import { trainLenet, trainMoons } from './networks';
import { rbfCurve, reluCurve } from './ray';

const OUTPUT = new URL('./output/', import.meta.url);

await useWasm();
await mkdir(OUTPUT, { recursive: true });
const claims: Claim[] = [];

async function draw(name: string, regions: readonly Region2d[], options: RegionMapOptions): Promise<void> {
  await writeFile(new URL(`${name}.svg`, OUTPUT), await regionMap(regions, options));
}

/** All regions of a network with two inputs; those at infinity must be sure of themselves, as Theorem 3.1 says. */
function regionsOf(model: LayersModel, label: string) {
  const regions = sliceRegions(toPiecewiseAffine(model), inputPlane);
  const unbounded = regions.filter((region) => region.unbounded);
  const sure = unbounded.filter(({ confidenceAtInfinity }) => confidenceAtInfinity! > 0.999).length / unbounded.length;
  console.log(`${label}: ${regions.length} linear regions, ${unbounded.length} of them unbounded`);
  claims.push({
    text: `${label}: share of unbounded regions with confidence 1 at infinity`,
    value: sure,
    holds: sure > 0.9,
  });
  return regions;
}

const moons = twoMoons({ points: 1000, noise: 0.02, seed: 1 });
const data = { x: tf.tensor2d(moons.x, [moons.y.length, 2]), y: tf.tensor1d(moons.y, 'int32') };
const small = await trainMoons('plain', [10, 8], data);
await draw('figure-1', regionsOf(small, 'small'), {
  box: { x: [-4, 5], y: [-4, 5] },
  colour: 'infinity',
  title: 'Regions of a network with hidden layers of 10 and 8 units',
});
/** A point in the gap between the moons; the ray from the origin through it leads away from all data. */
const gap = [0.5, 0.4];
const rays: RayCurve[] = [];
for (const [method, label] of [
  ['plain', 'plain'],
  ['acet', 'ACET'],
] as const) {
  const model = await trainMoons(method, [32, 32], data);
  rays.push(reluCurve(`ReLU, ${label}`, toPiecewiseAffine(model), gap));
  await draw(`moons-${method}`, regionsOf(model, label), {
    box: { x: [-0.5, 1.5], y: [-0.5, 1.5] },
    title: `Regions of the ${label} classifier and its confidence`,
    points: { x: moons.x.slice(0, 800), y: moons.y.slice(0, 400) },
  });
}

rays.push(rbfCurve('RBF', rbfNetwork({ ...moons, centres: 200, seed: 1 }), gap));
await writeFile(
  new URL('ray.svg', OUTPUT),
  await rayPlot(rays, { title: `Confidence at alpha times (${gap.join(', ')}): two ReLU networks and an RBF network` }),
);
for (const { name, confidences, limit } of rays) {
  const last = confidences[confidences.length - 1]!;
  claims.push({
    text: `${name}: confidence at alpha = 1e6, whose limit is ${limit}`,
    value: last,
    holds: Math.abs(last - limit!) < 1e-9,
  });
}

const { train } = await loadDigits();
const net = toPiecewiseAffine(await trainLenet(train));
const labels = await train.y.data();
const pixels = await train.x.data<'float32'>();
const digit = (label: number) => {
  const i = labels.indexOf(label);
  return pixels.subarray(64 * i, 64 * (i + 1));
};
const plane = planeThrough(digit(0), digit(1), digit(2));
for (const [name, box, edges] of [
  ['digits', { x: [-0.5, 1.5], y: [-0.5, 1.5] }, false],
  ['digits-closer', { x: [0.3, 0.5], y: [0.3, 0.5] }, true],
] as const) {
  const start = performance.now();
  const regions = sliceRegions(net, plane, { box });
  const seconds = (performance.now() - start) / 1000;
  console.log(`${name}: ${regions.length} linear regions in ${seconds.toFixed(1)} s`);
  claims.push({ text: `${name}: more than 100 regions`, value: regions.length, holds: regions.length > 100 });
  await draw(name, regions, {
    box,
    edges,
    title: edges
      ? 'The same plane from closer: linear regions'
      : 'A plane through digits 0 (0, 0), 1 (1, 0) and 2 (0, 1)',
    ...(edges ? {} : { points: { x: [0, 0, 1, 0, 0, 1], y: [0, 1, 2] } }),
  });
}

console.log(`\nPictures are in ${fileURLToPath(OUTPUT)}\n`);
checkClaims(claims);
