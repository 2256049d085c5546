import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdir } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { writeDocument } from './support/document';

/** `npm run bench` runs every benchmark in turn, `npm run bench -- noise metrics` those that are named. */
const files = await readdir(new URL('.', import.meta.url));
const all = files.flatMap((file) => file.match(/^(\w+)\.ts$/)?.[1] ?? []).filter((name) => name !== 'main');
const chosen = process.argv.length > 2 ? process.argv.slice(2) : all.sort();
const unknown = chosen.filter((name) => !all.includes(name));
if (unknown.length > 0) {
  console.error(`No benchmark is called ${unknown.join(' or ')}. There are: ${all.join(', ')}.`);
  process.exit(1);
}

// Each in a process of its own, so that none finds the memory and the compiled code of another.
const failed: string[] = [];
for (const name of chosen) {
  const file = fileURLToPath(new URL(`${name}.ts`, import.meta.url));
  const child = spawn(process.execPath, [...process.execArgv, file], { stdio: 'inherit' });
  const [code] = await once(child, 'exit');
  if (code !== 0) failed.push(name);
}
await writeDocument();
if (failed.length > 0) {
  console.error(`\nFailed: ${failed.join(', ')}.`);
  process.exitCode = 1;
}
