import { mkdir, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import * as tf from '@tensorflow/tfjs-core';
import type { Method } from 'relu-overconfidence';
import { twoMoons } from 'relu-overconfidence/datasets';
import { confidenceMap } from 'relu-overconfidence/report';
import { type Claim, checkClaims } from '../support/claims';
import { useWasm } from '../support/useWasm';
import { confidenceAt, gridPoints, meanConfidence, ringPoints } from './confidenceAt';
import { trainMoons } from './train';

const OUTPUT = new URL('./output/', import.meta.url);
const NEAR = [0, 1] as const;
const FAR = [-10, 10] as const;
/** A point of [0, 1]^2 is away from the moons when no training point is nearer than this. */
const AWAY = 0.15;

await useWasm();
await mkdir(OUTPUT, { recursive: true });
const moons = twoMoons({ points: 1000, noise: 0.02, seed: 1 });
const data = { x: tf.tensor2d(moons.x, [moons.y.length, 2]), y: tf.tensor1d(moons.y, 'int32') };
const isAway = (x: number, y: number) =>
  moons.y.every((_, i) => Math.hypot(x - moons.x[2 * i]!, y - moons.x[2 * i + 1]!) > AWAY);
const LABELS = { plain: 'plain', ceda: 'CEDA', acet: 'ACET' } as const satisfies Record<Method, string>;
const PLACES = {
  'on the moons': moons.x,
  'in [0, 1]², away from the moons': gridPoints(isAway),
  '10 from the centre': ringPoints(10),
  '1,000 from the centre': ringPoints(1000),
};
type Place = keyof typeof PLACES;

const means: Record<string, Record<Place, number>> = {};
for (const [method, label] of Object.entries(LABELS) as [Method, string][]) {
  const model = await trainMoons(method, data);
  for (const box of [NEAR, FAR]) {
    const title = `Confidence of the ${label} classifier on [${box.join(', ')}]²`;
    const svg = await confidenceMap((points) => confidenceAt(model, points), {
      box: { x: box, y: box },
      points: moons,
      title,
    });
    await writeFile(new URL(`${method}-${box === NEAR ? 'near' : 'far'}.svg`, OUTPUT), svg);
  }
  const measured = await Promise.all(Object.values(PLACES).map((points) => meanConfidence(model, points)));
  means[label] = Object.fromEntries(Object.keys(PLACES).map((place, i) => [place, measured[i]!])) as Record<
    Place,
    number
  >;
}

console.log('\nMean confidence');
for (const place of Object.keys(PLACES) as Place[]) {
  const cells = Object.entries(means).map(([label, at]) => `${label} ${at[place].toFixed(3)}`.padStart(14));
  console.log(`  ${place.padEnd(34)}${cells.join('')}`);
}
console.log(`\nPictures are in ${fileURLToPath(OUTPUT)}\n`);
const claim = (label: string, place: Place, holds: (mean: number) => boolean, promise: string): Claim => {
  const value = means[label]![place];
  return { text: `${label}: mean confidence ${place} ${promise}`, value, holds: holds(value) };
};
const high = (mean: number) => mean > 0.9;
checkClaims([
  claim('plain', 'in [0, 1]², away from the moons', high, 'above 0.9'),
  claim('ACET', 'in [0, 1]², away from the moons', (mean) => mean < 0.7, 'below 0.7'),
  claim('ACET', 'on the moons', (mean) => mean > 0.8, 'still above 0.8'),
  claim('plain', '1,000 from the centre', high, 'above 0.9, as Theorem 3.1 says'),
  claim('ACET', '1,000 from the centre', high, 'above 0.9, as Theorem 3.1 says'),
]);
