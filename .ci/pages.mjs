/**
 * Follows docs/where-it-runs.md to the letter: installs what it says, runs its CommonJS program in Node, builds its files
 * for React with Vite, makes its script for a page without a bundler, and opens both pages in Chromium, where there is one.
 *
 *     node .ci/pages.mjs package.tgz
 *     node .ci/pages.mjs package.tgz --next # builds and opens the page of Next.js instead, which takes a minute or two
 *
 * The package is the packed one, the model a small one at the address that the text has, and the content delivery network is
 * the folder of what was installed: a page that asks for anything else fails.
 */
import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { dirname, extname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

const browser = '/usr/bin/chromium';
/** WebGL on a rasteriser for the CPU. */
const flags = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-background-networking',
  '--use-angle=swiftshader',
  '--enable-unsafe-swiftshader',
];
const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const text = readFileSync(join(root, 'docs', 'where-it-runs.md'), 'utf8');
const [node, union, react, next, tag] = [
  'Node',
  'With the package of everything',
  'Vite, webpack, React',
  'Next.js',
  'A script tag',
].map(section);
const [tarball, option] = process.argv.slice(2);

const work = mkdtempSync(join(tmpdir(), 'pages-'));
try {
  write('package.json', '{ "private": true }');
  install(option === '--next' ? [node, union, next] : [node, union, react, tag], resolve(tarball));
  saveModel();
  if (option === '--next') await withNext();
  else {
    inNode();
    await withVite();
    withTag();
    if (existsSync(browser)) await inChromium();
    else console.log('*** No Chromium: the pages were made and NOT OPENED. ***');
  }
} finally {
  rmSync(work, { recursive: true, force: true });
}

/** What stands below a heading of the guide. */
function section(heading) {
  const found = text.split(/^## /m).find((part) => part.startsWith(`${heading}\n`));
  assert.ok(found, `docs/where-it-runs.md has no section "${heading}"`);
  return found;
}

/** The fenced blocks of a section in one language. */
function blocks(from, language) {
  return [...from.matchAll(/^```(\S+).*\n([\s\S]*?)^```$/gm)]
    .filter(([, tag]) => tag === language)
    .map(([, , code]) => code);
}

function commandsOf(from) {
  return blocks(from, 'sh').join('').replaceAll('\\\n', '').split('\n').filter(Boolean);
}

function run(command, ...args) {
  return execFileSync(command, args, {
    cwd: work,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'inherit'],
    timeout: 120_000,
  });
}

function write(name, content) {
  mkdirSync(dirname(join(work, name)), { recursive: true });
  writeFileSync(join(work, name), content);
}

/** All that the sections install, at once: each name is asked for once, with its version where the text has one. */
function install(sections, tarball) {
  const wanted = new Map();
  for (const line of sections.flatMap(commandsOf)) {
    const [, names] = /^npm i (?:-D )?(.+)$/.exec(line) ?? [];
    for (const name of names?.split(' ') ?? []) {
      const [, bare] = /^(@?[^@]+)/.exec(name);
      if (!wanted.get(bare)?.includes('@', 1)) wanted.set(bare, name);
    }
  }
  assert.ok(wanted.has('relu-overconfidence') && wanted.has('@tensorflow/tfjs') && wanted.has('react'));
  wanted.set('relu-overconfidence', tarball);
  const usual = ['--no-audit', '--no-fund', '--prefer-offline', '--loglevel=error'];
  run('npm', 'install', ...usual, ...wanted.values());
  const { dependencies } = JSON.parse(run('npm', 'ls', '@tensorflow/tfjs-core', '--json', '--all'));
  const versions = JSON.stringify(dependencies).match(/"@tensorflow\/tfjs-core":\{"version":"[^"]+"/g);
  assert.equal(new Set(versions).size, 1, `several versions of core: ${versions}`);
}

/** The program with `require`, and the union package, which must share its core with it. */
function inNode() {
  const [program] = blocks(node, 'js');
  write('program.cjs', program);
  const printed = run('node', 'program.cjs');
  assert.match(printed, /Float64Array\(4\) \[\s*0\.\d+/);
  write(
    'union.cjs',
    "const tf = require('@tensorflow/tfjs'); console.log(tf.Tensor === require('@tensorflow/tfjs-core').Tensor);",
  );
  assert.match(run('node', 'union.cjs'), /^true$/m);
  console.log('Node, CommonJS: runs, and shares core with the union package');
}

/** A model of images of 8 x 8 where the pages look for it. */
function saveModel() {
  write(
    'save.mjs',
    `import '@tensorflow/tfjs-backend-wasm';
    import { setBackend } from '@tensorflow/tfjs-core';
    import { mlp, saveModel } from 'relu-overconfidence/models';
    await setBackend('wasm');
    await saveModel(mlp({ inputShape: [8, 8, 1], hidden: [16], classes: 2, seed: 1 }), 'public/model', { labels: ['cat', 'dog'] });`,
  );
  mkdirSync(join(work, 'public'));
  run('node', 'save.mjs');
}

/** The files of the section, with a page that shows the component; Vite as its template has it, but for the plugin. */
async function withVite() {
  const { build } = await import('vite');
  write('src/howSure.ts', blocks(react, 'ts')[0]);
  write('src/Confidence.tsx', blocks(react, 'tsx')[0]);
  write(
    'src/main.tsx',
    `import { StrictMode } from 'react';
    import { createRoot } from 'react-dom/client';
    import { Confidence } from './Confidence';
    createRoot(document.getElementById('root')!).render(<StrictMode><Confidence /></StrictMode>);`,
  );
  write(
    'index.html',
    '<!doctype html><link rel="icon" href="data:,"><div id="root"></div><script type="module" src="/src/main.tsx"></script>',
  );
  await build({
    root: work,
    configFile: false,
    logLevel: 'error',
    esbuild: { jsx: 'automatic' },
    build: { target: 'es2022', minify: false, chunkSizeWarningLimit: 10_000 },
  });
  console.log('Vite and React: built');
}

/** The files of the section, built by Next.js, served and opened. */
async function withNext() {
  process.env.NEXT_TELEMETRY_DISABLED = '1';
  const [component, page] = blocks(next, 'tsx');
  write('app/audit.ts', blocks(next, 'ts')[0]);
  write('app/Audit.tsx', component);
  write('app/page.tsx', page);
  write('app/icon.svg', '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 1 1"/>');
  write(
    'app/layout.tsx',
    `export default function Layout({ children }: { children: import('react').ReactNode }) {
      return <html lang="en"><body>{children}</body></html>;
    }`,
  );
  run('npx', 'next', 'build');
  const server = spawn('node', ['node_modules/next/dist/bin/next', 'start', '-p', '4821'], { cwd: work });
  try {
    // Its first lines say that it is ready.
    let log = '';
    while (!log.includes('Ready')) log += String(await once(server.stdout, 'data'));
    const { app, page, said } = await openPage();
    await page.goto('http://localhost:4821/');
    await page.getByText(/\d sure of noise, 0\.\d+ after an attack/).waitFor({ timeout: 30_000 });
    console.log(`Next.js: ${await page.locator('p').textContent()}`);
    await app.close();
    assert.deepEqual(said.filter(notAboutGpu), []);
  } finally {
    server.kill();
  }
}

/** The script that the section makes, by its own commands, and its page. */
function withTag() {
  for (const line of commandsOf(tag).filter((line) => !line.startsWith('npm i ')))
    execFileSync('bash', ['-ec', line], { cwd: work, stdio: ['ignore', 'ignore', 'ignore'] });
  const [page] = blocks(tag, 'html');
  write('dist/tag.html', `<!doctype html><link rel="icon" href="data:,">${page}`);
  write('dist/overconfidence.js', readFileSync(join(work, 'overconfidence.js')));
  console.log('Script tag: built');
}

async function inChromium() {
  const types = { '.html': 'text/html', '.js': 'text/javascript', '.json': 'application/json' };
  const server = createServer(({ url }, response) => {
    const file = join(work, 'dist', url.endsWith('/') ? `${url}index.html` : url);
    response.writeHead(existsSync(file) ? 200 : 404, {
      'content-type': types[extname(file)] ?? 'application/octet-stream',
    });
    response.end(existsSync(file) ? readFileSync(file) : '');
  });
  await new Promise((listening) => server.listen(0, '127.0.0.1', listening));
  const own = `http://127.0.0.1:${server.address().port}`;
  const { app, page, said } = await openPage();
  await page.route(
    (url) => !url.href.startsWith(own) && url.protocol !== 'data:',
    (route) => {
      const [, name, path] =
        /^https:\/\/cdn\.jsdelivr\.net\/npm\/(@?[^@]+)@[^/]+\/(.+)$/.exec(route.request().url()) ?? [];
      const file = name && join(work, 'node_modules', name, path);
      return file && existsSync(file) ? route.fulfill({ path: file }) : route.abort();
    },
  );
  try {
    await page.goto(`${own}/`);
    await page.getByText(/\d % sure of noise/).waitFor({ timeout: 20_000 });
    console.log(`Vite and React: ${await page.locator('#root').textContent()}`);
    await page.goto(`${own}/tag.html`);
    for (let i = 0; i < 200 && !said.some((line) => /^log: 0\.\d+$/.test(line)); i++) await page.waitForTimeout(100);
    const [printed, ...others] = said.filter(notAboutGpu);
    assert.match(printed ?? 'nothing', /^log: 0\.\d+$/);
    assert.deepEqual(others, []);
    console.log(`Script tag: ${printed}`);
  } catch (error) {
    console.error(said.join('\n'));
    throw error;
  } finally {
    await app.close();
    server.close();
  }
}

/** A page of Chromium, and what its console says. */
async function openPage() {
  const { chromium } = await import('playwright-core');
  const app = await chromium.launch({ executablePath: browser, args: flags });
  const page = await app.newPage();
  const said = [];
  page.on('console', (message) => said.push(`${message.type()}: ${message.text()}`));
  page.on('pageerror', (error) => said.push(`error: ${error.message}`));
  return { app, page, said };
}

function notAboutGpu(line) {
  return !/^warning: .*(WebGL|GPU|swiftshader)/i.test(line);
}
