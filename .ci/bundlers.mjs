/**
 * Uses every entry point of the packed package in plain Node 20, 22 and 24 (ES modules and CommonJS) and in bundles of vite,
 * webpack and esbuild, which run in Chromium where there is one; all must come to the same results.
 *
 *     node .ci/bundlers.mjs package.tgz
 *
 * Of the optional packages only those that the program needs are there, as with a user who installed no more.
 */
import assert from 'node:assert/strict';
import { execFile, execFileSync } from 'node:child_process';
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:http';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, extname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const browser = '/usr/bin/chromium';
const installed = [
  '@tensorflow/tfjs-core',
  '@tensorflow/tfjs-layers',
  '@tensorflow/tfjs-backend-cpu',
  '@observablehq/plot',
];
const inNode = [...installed, 'linkedom'];

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const require = createRequire(import.meta.url);
const work = mkdtempSync(join(tmpdir(), 'every-entry-'));
try {
  const entries = prepare(resolve(process.argv[2]));
  const expected = await run(process.execPath, ['main.mjs']);
  const others = [
    ['this Node, require', () => run(process.execPath, ['main.cjs'])],
    ...[22, 24].flatMap((version) =>
      ['main.mjs', 'main.cjs'].map((file) => [`Node ${version}, ${file}`, () => runNode(version, file)]),
    ),
  ];
  for (const [name, work] of others) compare(name, await work(), expected);
  rmSync(join(work, 'node_modules', 'linkedom'));
  const bundles = { vite: withVite, webpack: withWebpack, esbuild: withEsbuild };
  for (const [name, build] of Object.entries(bundles)) await build(name, entries);
  if (existsSync(browser))
    for (const [name, got] of Object.entries(await inChromium(Object.keys(bundles)))) compare(name, got, expected);
  else console.log('*** No Chromium: the bundles were built and NOT RUN. ***');
} finally {
  rmSync(work, { recursive: true, force: true });
}

function compare(name, got, expected) {
  assert.deepEqual(got, expected, `${name} came to other results`);
  console.log(`${name}: the same`);
}

/** A folder with the unpacked package, the packages around it and the programs; returns names and subpaths of the entries. */
function prepare(tarball) {
  const modules = join(work, 'node_modules');
  mkdirSync(join(modules, 'relu-overconfidence'), { recursive: true });
  execFileSync('tar', ['-xzf', tarball, '-C', join(modules, 'relu-overconfidence'), '--strip-components=1']);
  for (const name of inNode) {
    mkdirSync(dirname(join(modules, name)), { recursive: true });
    symlinkSync(join(root, 'node_modules', name), join(modules, name));
  }
  copyFileSync(join(root, '.ci', 'everyEntry', 'program.mjs'), join(work, 'program.mjs'));
  const { exports } = JSON.parse(readFileSync(join(modules, 'relu-overconfidence', 'package.json'), 'utf8'));
  const entries = Object.keys(exports)
    .filter((path) => path !== './package.json')
    .map((path) => ({ name: path.slice(2) || 'index', path: `relu-overconfidence${path.slice(1)}` }));
  const names = entries.map(({ name }) => name).join(', ');
  const program = readFileSync(join(work, 'program.mjs'), 'utf8');
  writeFileSync(
    join(work, 'main.cjs'),
    [
      "require('@tensorflow/tfjs-backend-cpu');",
      "const tf = require('@tensorflow/tfjs-core');",
      ...entries.map(({ name, path }) => `const ${name} = require('${path}');`),
      program.replace('export async function', 'async function'),
      `program({ ${names} }, tf).then((result) => console.log(JSON.stringify(result)));`,
    ].join('\n'),
  );
  const imports = [
    "import '@tensorflow/tfjs-backend-cpu';",
    "import * as tf from '@tensorflow/tfjs-core';",
    "import { program } from './program.mjs';",
    ...entries.map(({ name, path }) => `import * as ${name} from '${path}';`),
  ];
  const main = [...imports, `console.log(JSON.stringify(await program({ ${names} }, tf)));`];
  writeFileSync(join(work, 'main.mjs'), main.join('\n'));
  // A bundler that does not find the script of the workers is told; see `createWorker` of createTrainingPool.
  const page = (worker) => [...imports, `globalThis.run = () => program({ ${names} }, tf${worker});`].join('\n');
  writeFileSync(join(work, 'page.mjs'), page(''));
  writeFileSync(join(work, 'pageWithWorker.mjs'), page(", () => new Worker('worker.js', { type: 'module' })"));
  writeFileSync(join(work, 'index.html'), '<!doctype html><script type="module" src="./page.mjs"></script>');
  return entries;
}

async function run(command, args) {
  const { stdout } = await promisify(execFile)(command, args, { cwd: work, timeout: 60_000 });
  return JSON.parse(stdout.trim().split('\n').at(-1));
}

function runNode(version, file) {
  return run('npx', ['--yes', '-p', `node@${version}`, 'node', file]);
}

async function withVite(name) {
  const { build } = await import('vite');
  await build({
    root: work,
    base: './',
    logLevel: 'error',
    build: { outDir: name, target: 'es2022', minify: false },
    // Workers that import a backend only when they are told which need chunks, and so modules.
    worker: { format: 'es' },
  });
}

async function withWebpack(name) {
  const webpack = require('webpack');
  const compiler = webpack({
    mode: 'development',
    devtool: false,
    context: work,
    entry: './page.mjs',
    output: { path: join(work, name), filename: 'page.js' },
  });
  const stats = await promisify(compiler.run.bind(compiler))();
  assert.ok(!stats.hasErrors(), stats.toString({ all: false, errors: true }));
  writePage(name);
}

async function withEsbuild(name) {
  const { build } = await import('esbuild');
  const options = { bundle: true, format: 'esm', target: 'es2022', logLevel: 'error', absWorkingDir: work };
  await build({ ...options, entryPoints: { page: 'pageWithWorker.mjs' }, outdir: name });
  const script = 'node_modules/relu-overconfidence/dist/parallelWorker.js';
  await build({ ...options, entryPoints: { worker: script }, outdir: name });
  writePage(name);
}

function writePage(name) {
  writeFileSync(join(work, name, 'index.html'), '<!doctype html><script type="module" src="page.js"></script>');
}

/** What the bundles in these folders come to in a browser. */
async function inChromium(names) {
  const { chromium } = await import('playwright-core');
  const types = { '.html': 'text/html', '.js': 'text/javascript', '.mjs': 'text/javascript' };
  const server = createServer(({ url }, response) => {
    const file = join(work, url.endsWith('/') ? `${url}index.html` : url);
    response.writeHead(existsSync(file) ? 200 : 404, { 'content-type': types[extname(file)] ?? 'text/plain' });
    response.end(existsSync(file) ? readFileSync(file) : '');
  });
  await new Promise((listening) => server.listen(0, '127.0.0.1', listening));
  const flags = ['--no-sandbox', '--disable-gpu', '--disable-background-networking'];
  const app = await chromium.launch({ executablePath: browser, args: flags });
  try {
    const results = {};
    for (const name of names) {
      const page = await app.newPage();
      page.on('pageerror', (error) => console.error(`${name}: ${error}`));
      await page.goto(`http://127.0.0.1:${server.address().port}/${name}/`);
      await page.waitForFunction(() => typeof globalThis.run === 'function', undefined, { timeout: 20_000 });
      results[name] = await page.evaluate(() => globalThis.run());
    }
    return results;
  } finally {
    await app.close();
    server.close();
  }
}
