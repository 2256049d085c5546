// `npm run mutate -- metrics losses`: mutation testing of these areas, one after the other; of all without a name.
// `--sample 120 --seed 1` tests mutants drawn at random only, and `--again` those of the last sample that were not killed.
// Data that lie beside the checkout are found from the copies that StrykerJS works in, too.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { areas } from './mutation/areas.mjs';
import { draw, keyOf, mutantsOf } from './mutation/draw.mjs';

const { values, positionals: names } = parseArgs({
  allowPositionals: true,
  options: { sample: { type: 'string' }, seed: { type: 'string', default: '0' }, again: { type: 'boolean' } },
});
const unknown = names.filter((name) => !Object.hasOwn(areas, name));
if (unknown.length > 0) {
  console.error(`No area is called ${unknown.join(' or ')}. There are: ${Object.keys(areas).join(', ')}.`);
  process.exit(1);
}
const [sample, seed] = [values.sample ?? '1', values.seed].map(Number);
if (!(Number.isInteger(sample) && sample > 0 && Number.isInteger(seed))) {
  console.error('--sample takes a positive integer, --seed an integer.');
  process.exit(1);
}

/** What is tested of an area: a label and the keys of the mutants; nothing for all of them. */
async function chosen(area) {
  if (values.again) {
    const { files } = JSON.parse(readFileSync(reportOf(area), 'utf8'));
    const alive = Object.entries(files).flatMap(([fileName, { mutants }]) =>
      mutants
        .filter(({ status }) => ['Survived', 'NoCoverage', 'Timeout'].includes(status))
        .map((mutant) => keyOf({ fileName, ...mutant, location: fromZero(mutant.location) })),
    );
    return { label: `${alive.length} that were not killed, again`, keys: alive };
  }
  if (values.sample === undefined) return undefined;
  const all = await mutantsOf(area);
  const keys = draw(all, sample, seed);
  return { label: `${keys.length} of ${all.length} drawn at random, seed ${seed}`, keys };
}

/** Reports count lines and columns from 1. */
function fromZero(location) {
  const [start, end] = [location.start, location.end].map(({ line, column }) => ({
    line: line - 1,
    column: column - 1,
  }));
  return { start, end };
}

function reportOf(area) {
  return `.cache/mutation/${area}-sample.json`;
}

const data = { RELU_DATA: resolve('../shared/data'), RELU_MODELS: resolve('../shared/paper-models') };
const found = Object.fromEntries(Object.entries(data).filter(([, path]) => existsSync(path)));
for (const name of names.length > 0 ? names : Object.keys(areas)) {
  const env = { ...found, ...process.env, MUTATED: name };
  const some = await chosen(name);
  if (some !== undefined) {
    env.MUTANTS_DRAWN = resolve(`.cache/mutation/${name}-drawn.json`);
    mkdirSync('.cache/mutation', { recursive: true });
    writeFileSync(env.MUTANTS_DRAWN, JSON.stringify(some));
  }
  const { status } = spawnSync('npx', ['--no-install', 'stryker', 'run', '.ci/mutation/stryker.config.mjs'], {
    stdio: 'inherit',
    env,
  });
  if (status !== 0) process.exitCode = 1;
}
