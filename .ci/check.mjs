// `npm run check`: types, lint, and the tests of the rooms that changed since the last commit (`-- --since main`: since another
// one). What needs minutes, `npm test` runs.
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { parseArgs } from 'node:util';

/** Rooms whose tests run the built package; the types of examples and benchmarks need it too. */
const ON_DIST = ['cli', 'examples', 'parallel'];

const { values } = parseArgs({ options: { since: { type: 'string', default: 'HEAD' } } });
const git = (...args) => execFileSync('git', args, { encoding: 'utf8' }).split('\n').filter(Boolean);
const changed = [
  ...git('diff', '--name-only', values.since, '--', 'src', 'test'),
  ...git('ls-files', '--others', '--exclude-standard', '--', 'src', 'test'),
];
const rooms = [...new Set(changed.map((path) => path.split('/')[1]))].filter((room) => existsSync(`test/${room}`));

const begun = performance.now();
const failed = [];
if (!existsSync('dist') || rooms.some((room) => ON_DIST.includes(room))) await stage('build', 'tsup', ['--silent']);
await Promise.all([stage('types', 'tsc', ['--noEmit']), stage('lint', 'biome', ['ci', '.'])]);
await stage(`tests of ${rooms.join(', ') || 'the house'}`, 'vitest', [
  'run',
  'test/architecture.test.ts',
  ...rooms.map((room) => `test/${room}/`),
]);
const seconds = Math.round((performance.now() - begun) / 1000);
console.log(
  failed.length === 0 ? `\nAll well after ${seconds} s.` : `\nFailed after ${seconds} s: ${failed.join(', ')}`,
);
process.exitCode = failed.length === 0 ? 0 : 1;

async function stage(name, tool, args) {
  const child = spawn('npx', ['--no-install', tool, ...args], { stdio: 'inherit' });
  const [code] = await once(child, 'exit');
  if (code !== 0) failed.push(name);
}
