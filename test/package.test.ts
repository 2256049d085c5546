import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import * as main from 'relu-overconfidence';
import * as models from 'relu-overconfidence/models';
import { describe, expect, test } from 'vitest';

const require = createRequire(import.meta.url);
const readJson = (name: string) => JSON.parse(readFileSync(new URL(`../${name}`, import.meta.url), 'utf8'));
const manifest = readJson('package.json');
const rooms = Object.keys(manifest.exports).flatMap((path) => path.match(/^\.\/(\w+)$/)?.[1] ?? []);

describe('the built package', () => {
  test('has for every subpath the same layout, types for the old resolution and a page in the documentation', () => {
    const entry = (name: string) => ({
      import: { types: `./dist/${name}.d.ts`, default: `./dist/${name}.js` },
      require: { types: `./dist/${name}.d.cts`, default: `./dist/${name}.cjs` },
    });
    expect(manifest.exports).toEqual({
      '.': entry('index'),
      ...Object.fromEntries(rooms.map((room) => [`./${room}`, entry(room)])),
      './package.json': './package.json',
    });
    const oldTypes = Object.fromEntries(rooms.map((room) => [room, [`./dist/${room}.d.cts`]]));
    expect(manifest.typesVersions).toEqual({ '*': oldTypes });
    const pages = ['src/index.ts', ...rooms.map((room) => `src/${room}/index.ts`)];
    expect([...readJson('typedoc.json').entryPoints].sort()).toEqual(pages.sort());
  });

  test.each(['', ...rooms.map((room) => `/${room}`)])(
    'exports the same names to import and require: .%s',
    async (path) => {
      const imported = await import(/* @vite-ignore */ `relu-overconfidence${path}`);
      expect(Object.keys(require(`relu-overconfidence${path}`)).sort()).toEqual(Object.keys(imported).sort());
    },
  );

  test('is packed with what its entry points need, the script of the workers, the command and nothing else', () => {
    const packed = execFileSync('npm', ['pack', '--dry-run', '--json', '--ignore-scripts'], {
      cwd: fileURLToPath(new URL('..', import.meta.url)),
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    const paths: string[] = JSON.parse(packed)[0].files.map((file: { path: string }) => file.path);
    const code = /^dist\/[\w-]+\.(js|cjs|d\.ts|d\.cts)$/;
    expect(paths.filter((path) => !code.test(path)).sort()).toEqual([
      'CHANGELOG.md',
      'LICENSE',
      'README.md',
      'package.json',
    ]);
    const needed = JSON.stringify(manifest.exports).match(/dist\/[^"]+/g) ?? [];
    const scripts = ['dist/parallelWorker.js', ...Object.values<string>(manifest.bin)];
    expect([...needed, ...scripts].filter((path) => !paths.includes(path))).toEqual([]);
    expect(paths.filter((path) => /(parallelWorker|cli)\.cjs$/.test(path))).toEqual([]);
  });

  test('has a limit of its size and a report of its public surface for every entry point', () => {
    const entries = ['index', ...rooms].sort();
    const limited = readJson('.size-limit.json').map(({ path }: { path: string }) => path);
    expect([...new Set(limited)].sort()).toEqual(entries.map((entry) => `dist/${entry}.js`));
    const reports = readdirSync(new URL('../.ci/api', import.meta.url)).sort();
    expect(reports).toEqual(entries.map((entry) => `${entry}.api.md`));
  });

  test('is as large as README says, give or take a kilobyte, by the limits of the sizes', () => {
    const readme = readFileSync(new URL('../README.md', import.meta.url), 'utf8');
    const rows = [...readme.matchAll(/^\| (`.+) \| .+ \| ([\d, ]+)(?:; in a page (\d+))? \|$/gm)];
    const stated = rows.flatMap(([, names, sizes, page]) => [
      ...names!.split(', ').map((name, i) => [name.replaceAll('`', ''), Number(sizes!.split(', ')[i])] as const),
      ...(page === undefined ? [] : [[`${names!.replaceAll('`', '')} in a page`, Number(page)] as const]),
    ]);
    const limits = new Map<string, number>();
    for (const { path, import: names, limit } of readJson('.size-limit.json')) {
      const entry = path.match(/^dist\/(\w+)\.js$/)[1];
      const name = entry === 'index' ? 'relu-overconfidence' : `/${entry}`;
      if (names === '*') limits.set(name, Number.parseFloat(limit));
      else if (entry === 'detectors') limits.set('/detectors in a page', Number.parseFloat(limit));
    }
    expect(stated.map(([name]) => name).sort()).toEqual([...limits.keys()].sort());
    for (const [name, size] of stated) expect(Math.abs(size - limits.get(name)!), name).toBeLessThanOrEqual(1);
  });

  test('has no install scripts and installs nothing by itself', () => {
    const atInstall = ['preinstall', 'install', 'postinstall', 'prepare'];
    expect(Object.keys(manifest.scripts).filter((name) => atInstall.includes(name))).toEqual([]);
    expect(manifest.dependencies).toBeUndefined();
  });

  test.each([
    ['import', main, models],
    ['require', require('relu-overconfidence') as typeof main, require('relu-overconfidence/models') as typeof models],
  ])('throws the error class of the main entry from every subpath, with %s', (_, { OverconfidenceError }, { mlp }) => {
    expect(() => mlp({ inputShape: [2], classes: -1, hidden: [] })).toThrow(OverconfidenceError);
  });
});
