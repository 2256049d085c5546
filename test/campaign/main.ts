import { parseArgs } from 'node:util';
import '@tensorflow/tfjs-layers';
import * as tf from '@tensorflow/tfjs-core';
import { OverconfidenceError } from '../../src/core/errors';
import { createRng } from '../../src/core/rng';
import { toPiecewiseAffine } from '../../src/regions';
import { claims } from './claims';
import { drawNetwork } from './networks';

/**
 * Draws random networks for as long as it is told and tries to contradict everything that the library certifies or calls
 * exact. `--minutes 30`, `--seed 1`, `--claim WORDS` for the claims whose name holds these words; `--networks 1 --seed N`
 * repeats what a report names.
 */
const { values } = parseArgs({
  options: {
    minutes: { type: 'string', default: '1' },
    seed: { type: 'string', default: '0' },
    networks: { type: 'string', default: 'Infinity' },
    claim: { type: 'string', default: '' },
  },
});
const [minutes, first, most] = [values.minutes, values.seed, values.networks].map(Number) as [number, number, number];
if (!(minutes > 0 && Number.isInteger(first) && most > 0))
  throw new Error('Usage: --minutes 30 --seed 1 --networks 100');
const tried = Object.entries(claims).filter(([name]) => name.includes(values.claim));
const counts = new Map(tried.map(([name]) => [name, { held: 0, refused: 0, broken: 0 }]));
const refusals = new Map<string, number>();
const end = performance.now() + minutes * 60_000;

await tf.setBackend('cpu');
let networks = 0;
let said = performance.now();
for (; performance.now() < end && networks < most; networks++) {
  const seed = first + networks;
  const rng = createRng(`network ${seed}`);
  const { model, words } = drawNetwork(rng);
  for (const [name, claim] of tried) await tryOne(name, claim, model, seed, words);
  model.dispose();
  if (performance.now() - said > 60_000) {
    said = performance.now();
    console.log(
      `${networks + 1} networks, ${total('broken')} claims broken, ${Math.ceil((end - said) / 60_000)} min left`,
    );
  }
}

async function tryOne(
  name: string,
  claim: (typeof tried)[number][1],
  model: ReturnType<typeof drawNetwork>['model'],
  seed: number,
  words: string,
): Promise<void> {
  const count = counts.get(name)!;
  const tell = (what: string) => {
    count.broken++;
    console.log(`BROKEN: ${name}\n  ${what}\n  network ${seed} (${words})`);
  };
  try {
    const broken = await claim({ model, net: toPiecewiseAffine(model) }, createRng(`${name} ${seed}`));
    if (broken.length > 0) tell(broken.join('\n  '));
    else count.held++;
  } catch (error) {
    // A typed refusal claims nothing; how often that happens is printed, so that nothing hides in it.
    if (error instanceof OverconfidenceError) {
      count.refused++;
      const reason = `${error.code} of ${error.fn}: expected ${error.expected}`;
      refusals.set(reason, (refusals.get(reason) ?? 0) + 1);
    } else tell(`threw ${error instanceof Error ? error.stack : error}`);
  }
}

function total(kind: 'held' | 'refused' | 'broken'): number {
  return [...counts.values()].reduce((sum, count) => sum + count[kind], 0);
}

console.log(`\n${networks} random networks from seed ${first} on`);
for (const [name, { held, refused, broken }] of counts)
  console.log(`  ${String(held).padStart(6)} held, ${refused} refused, ${broken} broken: ${name}`);
for (const [reason, count] of refusals) console.log(`  refused ${count} times: ${reason}`);
if (total('broken') > 0) process.exitCode = 1;
if (total('held') === 0) throw new Error('No claim was tried to its end.');
