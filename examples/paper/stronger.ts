import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs-core';
import { logOdds, type Method, maxConfidenceAttack, paperNoise, pgdLinf } from 'relu-overconfidence';
import { useWasm } from '../support/useWasm';
import { type Attacked, attackInPieces, type Contender } from './attackInPieces';
import { kept } from './kept';
import { loadNetwork, type Networks, resultsFolder } from './networks';
import { type StrongerRow, strongerMarkdown, strongerRow } from './strongerMarkdown';
import { loadInSet } from './testSets';
import { worstPicture } from './worstPicture';

/** Where things are, and how much is done. */
export interface StrongerSettings {
  readonly networks: Networks;
  readonly data: string;
  readonly output: string;
  /** Images of noise attacked, at most {@link NOISE}. */
  readonly attacked: number;
}

const METHODS: readonly Method[] = ['plain', 'ceda', 'acet'];
const SEED = 'stronger';
/** Images of noise drawn. However many of them are attacked, and by whom, they are always the same. */
const NOISE = 64;
const BALL = { epsilon: 0.3, seed: SEED };

/** The attacks compared, cheap ones first. Every restart of ours chooses among several starts. */
const contenders = (attacked: number): Readonly<Record<string, (method: Method) => Contender>> => ({
  'PGD-200': () => ({
    attack: pgdLinf,
    options: { ...BALL, stepSize: 0.0075, steps: 200, restarts: 1 },
    images: attacked,
  }),
  'ours, 200': () => ({ attack: maxConfidenceAttack, options: { ...BALL, steps: 50, restarts: 4 }, images: attacked }),
  'ours, 2,000': (method) => ({
    attack: maxConfidenceAttack,
    options: { ...BALL, steps: 100, restarts: 20 },
    // It takes ten times as long, and the other two are sure without it.
    images: Math.min(attacked, method === 'acet' ? 8 : 4),
  }),
});

/** Attacks noise around the authors' networks harder than the paper does, and shows what ACET is worst at. */
export async function stronger({ networks, data, output, attacked }: StrongerSettings): Promise<void> {
  await useWasm();
  const { title, ...inSet } = await loadInSet(data, networks.dataset);
  const noise = tf.tidy(() => alternate(paperNoise(tf.slice(inSet.x, 0, NOISE), { seed: SEED })));
  const results = resultsFolder(networks, output);
  const folder = join(results, 'stronger');
  const rows: StrongerRow[] = [];
  const worst: Record<string, Attacked> = {};
  for (const [attack, contenderFor] of Object.entries(contenders(attacked))) {
    for (const method of METHODS) {
      const network = await loadNetwork(networks, method);
      const contender = contenderFor(method);
      const name = `${method}-${attack.replace(/\W+/g, '-')}`;
      const found = await attackInPieces(network, noise, contender, { folder, name });
      const inLogOdds = await kept(join(folder, `${method}-in.json`), network.identity, async () => [
        ...(await logOdds(network.model, inSet.x)),
      ]);
      rows.push(strongerRow({ method, attack, contender, found, inLogOdds }));
      if (method === 'acet') worst[attack] = found;
      network.model.dispose();
    }
    // After every attack, so that what is there can be read while the next one works.
    rows.sort((a, b) => METHODS.indexOf(a.method) - METHODS.indexOf(b.method));
    const table = strongerMarkdown(rows);
    await writeFile(join(results, 'stronger.md'), `${table}\n`);
    await writeFile(join(results, 'stronger.json'), `${JSON.stringify(rows, null, 2)}\n`);
    await writeFile(join(results, 'stronger-acet.png'), await worstPicture(noise, worst));
    console.log(`\nNoise of ${title}, radius ${BALL.epsilon}.\n\n${table}`);
  }
  tf.dispose([inSet.x, inSet.y, noise]);
}

/** The rows of the two halves in turn, so that any first part of them has both kinds of the paper's noise in equal shares. */
function alternate(images: tf.Tensor): tf.Tensor {
  const half = images.shape[0]! / 2;
  return tf.gather(
    images,
    Array.from({ length: 2 * half }, (_, i) => (i >> 1) + (i % 2) * half),
  );
}
