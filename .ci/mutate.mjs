// `npm run mutate -- metrics losses`: mutation testing of these areas, one after the other; of all without a name. Data that lie
// beside the checkout are found from the copies that StrykerJS works in, too.
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { areas } from './mutation/areas.mjs';

const names = process.argv.slice(2);
const unknown = names.filter((name) => !Object.hasOwn(areas, name));
if (unknown.length > 0) {
  console.error(`No area is called ${unknown.join(' or ')}. There are: ${Object.keys(areas).join(', ')}.`);
  process.exit(1);
}
const data = { RELU_DATA: resolve('../shared/data'), RELU_MODELS: resolve('../shared/paper-models') };
const found = Object.fromEntries(Object.entries(data).filter(([, path]) => existsSync(path)));
for (const name of names.length > 0 ? names : Object.keys(areas)) {
  const env = { ...found, ...process.env, MUTATED: name };
  const { status } = spawnSync('npx', ['--no-install', 'stryker', 'run', '.ci/mutation/stryker.config.mjs'], {
    stdio: 'inherit',
    env,
  });
  if (status !== 0) process.exitCode = 1;
}
