import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, posix, relative, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';
import { describe, expect, test } from 'vitest';

/** The rooms of src and what each may import. What an allowed room may import is allowed too, and core always is. */
const rooms: Readonly<Record<string, readonly string[]>> = {
  core: [],
  classifier: ['core'],
  noise: ['core'],
  losses: ['core'],
  attacks: ['classifier', 'losses'],
  training: ['classifier', 'noise', 'losses', 'attacks'],
  metrics: ['core'],
  regions: ['classifier'],
  theory: ['regions', 'metrics'],
  guarantees: ['classifier', 'regions', 'training'],
  evaluation: ['attacks', 'noise', 'metrics', 'detectors'],
  detectors: ['classifier', 'metrics', 'noise'],
  models: ['classifier'],
  datasets: ['core'],
  wasm: ['core'],
  parallel: ['training', 'attacks', 'evaluation', 'wasm'],
  report: ['metrics', 'evaluation', 'regions'],
  testing: ['metrics', 'attacks', 'noise'],
  cli: [
    'evaluation',
    'detectors',
    'training',
    'theory',
    'guarantees',
    'models',
    'datasets',
    'wasm',
    'parallel',
    'report',
    'testing',
  ],
};

/** The room, every room it may import, and core. */
function reach(room: string): ReadonlySet<string> {
  return new Set([room, 'core', ...(rooms[room] ?? []).flatMap((next) => [...reach(next)])]);
}

interface Source {
  /** Path inside src with forward slashes, for example `noise/blur.ts`. */
  readonly path: string;
  readonly text: string;
  readonly tree: ts.SourceFile;
}

const src = join(dirname(fileURLToPath(import.meta.url)), '..', 'src');
const sources: readonly Source[] = readdirSync(src, { recursive: true, withFileTypes: true })
  .filter((entry) => entry.isFile() && entry.name.endsWith('.ts'))
  .map((entry) => {
    const file = join(entry.parentPath, entry.name);
    const path = relative(src, file).split(sep).join('/');
    return read(path, readFileSync(file, 'utf8'));
  });

function read(path: string, text: string): Source {
  return { path, text, tree: ts.createSourceFile(path, text, ts.ScriptTarget.Latest, true) };
}

function roomOf(path: string): string {
  return path.includes('/') ? path.slice(0, path.indexOf('/')) : '';
}

function visit(tree: ts.Node, look: (node: ts.Node) => void): void {
  look(tree);
  ts.forEachChild(tree, (child) => visit(child, look));
}

/** Everything the file imports or re-exports, as values or as types, `import()` included. */
function importsOf({ text }: Source): string[] {
  return ts.preProcessFile(text, true, true).importedFiles.map(({ fileName }) => fileName);
}

/** Imports of a room that the table does not allow, as `file -> room`. */
function forbiddenArrows(source: Source): string[] {
  const room = roomOf(source.path);
  if (room === '') return []; // src/index.ts is the table of contents of all rooms.
  return importsOf(source)
    .filter((name) => name.startsWith('.') && !name.endsWith('/package.json'))
    .map((name) => roomOf(posix.join(posix.dirname(source.path), name)))
    .filter((target) => !reach(room).has(target))
    .map((target) => `${source.path} -> ${target || 'src/index.ts'}`);
}

/** The sets of files that import each other in a circle (strongly connected components, Tarjan 1972), each sorted. */
function circles(files: readonly Source[]): string[][] {
  const paths = new Set(files.map(({ path }) => path));
  const arrows = new Map(
    files.map((source) => [
      source.path,
      importsOf(source).flatMap((name) => {
        const target = posix.join(posix.dirname(source.path), name);
        return [`${target}.ts`, `${target}/index.ts`].filter((path) => name.startsWith('.') && paths.has(path));
      }),
    ]),
  );
  const found: string[][] = [];
  const number = new Map<string, number>();
  const earliest = new Map<string, number>();
  const open: string[] = [];
  const enter = (path: string): void => {
    number.set(path, number.size);
    earliest.set(path, number.get(path)!);
    open.push(path);
    for (const next of arrows.get(path)!) {
      if (!number.has(next)) enter(next);
      if (open.includes(next)) earliest.set(path, Math.min(earliest.get(path)!, earliest.get(next)!));
    }
    if (earliest.get(path) !== number.get(path)) return;
    const circle = open.splice(open.indexOf(path)).sort();
    if (circle.length > 1 || arrows.get(path)!.includes(path)) found.push(circle);
  };
  for (const path of paths) if (!number.has(path)) enter(path);
  return found;
}

/** Packages imported by more than their name, as `file: import`. */
function deepImports(source: Source): string[] {
  return importsOf(source)
    .filter((name) => /^@tensorflow\/[^/]+\/.|^@tensorflow\/tfjs$/.test(name))
    .map((name) => `${source.path}: ${name}`);
}

/** Uses of something the house does not allow, as `file:line what`. */
function forbiddenWords(source: Source): string[] {
  const found: string[] = [];
  const report = (position: number, what: string) => {
    const { line } = source.tree.getLineAndCharacterOfPosition(position);
    found.push(`${source.path}:${line + 1} ${what}`);
  };
  visit(source.tree, (node) => {
    if (ts.isIdentifier(node) && ['dataSync', 'arraySync', 'bufferSync'].includes(node.text)) {
      report(node.getStart(), node.text);
    }
    if (node.kind === ts.SyntaxKind.AnyKeyword) report(node.getStart(), 'any');
    if (ts.isAsExpression(node) && isUnknownCast(node.expression)) report(node.getStart(), 'as unknown as');
  });
  for (const { index } of source.text.matchAll(/@ts-(?:ignore|nocheck|expect-error)/g)) report(index, '@ts-ignore');
  return found;
}

/** Models and layers that a file runs on tensors by itself, as `file:line call`. */
function runsOfModels({ path, tree }: Source): string[] {
  // A restored guard runs as little code as there can be, and refuses a backend on which a probe comes out otherwise.
  if (['classifier/rightKernels.ts', 'detectors/run/nativePass.ts'].includes(path)) return [];
  const found: string[] = [];
  visit(tree, (node) => {
    if (!ts.isCallExpression(node) || !ts.isPropertyAccessExpression(node.expression)) return;
    const name = node.expression.name.text;
    const settings = node.arguments[1];
    const onTensors = name === 'apply' && settings !== undefined && ts.isObjectLiteralExpression(settings);
    if (!onTensors && !['execute', 'executeAsync', 'predictOnBatch'].includes(name)) return;
    found.push(`${path}:${tree.getLineAndCharacterOfPosition(node.getStart()).line + 1} ${name}`);
  });
  return found;
}

function isUnknownCast(node: ts.Expression): boolean {
  const inner = ts.isParenthesizedExpression(node) ? node.expression : node;
  return ts.isAsExpression(inner) && inner.type.kind === ts.SyntaxKind.UnknownKeyword;
}

describe('the rooms of src', () => {
  test('every folder of src is a room of the table', () => {
    const folders = new Set(sources.map(({ path }) => roomOf(path)).filter((room) => room !== ''));
    expect([...folders].filter((folder) => !(folder in rooms))).toEqual([]);
  });

  test('every folder of src has an index.ts, but for core, which has no entry point', () => {
    const folders = [...new Set(sources.map(({ path }) => roomOf(path)))].filter(
      (room) => room !== '' && room !== 'core',
    );
    const paths = new Set(sources.map(({ path }) => path));
    expect(folders.filter((folder) => !paths.has(`${folder}/index.ts`))).toEqual([]);
  });

  test('a room imports only the rooms that the table allows it', () => {
    expect(sources.flatMap(forbiddenArrows)).toEqual([]);
  });

  test('tfjs is imported by the names of its packages, never from inside one and never as the union package', () => {
    expect(sources.flatMap(deepImports)).toEqual([]);
  });

  test('no file reads a tensor synchronously or steps around the type checker', () => {
    expect(sources.flatMap(forbiddenWords)).toEqual([]);
  });

  test('models and layers are run on tensors by classifier/rightKernels alone, with the kernels that are right', () => {
    expect(sources.flatMap(runsOfModels)).toEqual([]);
  });

  test('no file imports itself by way of others, types included', () => {
    expect(circles(sources)).toEqual([]);
  });

  test('no file has more than 320 lines', () => {
    const long = sources.filter(({ text }) => text.trimEnd().split('\n').length > 320);
    expect(long.map(({ path }) => path)).toEqual([]);
  });
});

describe('these checks', () => {
  test.each([
    ['layer.apply(x, { training: false })', ['noise/a.ts:1 apply']],
    ['model.execute(x, name)', ['noise/a.ts:1 execute']],
    ['layer.apply(symbol)', []],
    ['applied(layer, [x])', []],
  ])('see where a model is run: %s', (text, runs) => {
    expect(runsOfModels(read('noise/a.ts', text))).toEqual(runs);
  });

  test.each([
    ['losses/a.ts', "import { f } from '../attacks/f';", ['losses/a.ts -> attacks']],
    ['core/a.ts', "export type { F } from '../noise/index';", ['core/a.ts -> noise']],
    ['wasm/kernels/a.ts', "const f = await import('../../models/f');", ['wasm/kernels/a.ts -> models']],
    ['noise/a.ts', "import { f } from '../index';", ['noise/a.ts -> src/index.ts']],
    ['evaluation/a.ts', "import { f } from '../losses/f'; import { g } from '../core/g'; import { h } from './h';", []],
    ['losses/a.ts', "/** import { f } from '../attacks/f'; */", []],
  ])('see the arrows of %s: %s', (path, text, arrows) => {
    expect(forbiddenArrows(read(path, text))).toEqual(arrows);
  });

  test('find a circle of imports, one of types and one of an index included', () => {
    const files = [
      read('losses/a.ts', "import { b } from './b';"),
      read('losses/b.ts', "import type { C } from '../noise';"),
      read('noise/index.ts', "export * from '../losses/a';"),
      read('losses/d.ts', "import { a } from './a';"),
    ];
    expect(circles(files)).toEqual([['losses/a.ts', 'losses/b.ts', 'noise/index.ts']]);
  });

  test.each([
    ["import '@tensorflow/tfjs-core/dist/register_all_gradients';", 1],
    ["import * as tf from '@tensorflow/tfjs';", 1],
    ["import * as tf from '@tensorflow/tfjs-core';", 0],
  ])('count the deep imports of %s', (text, count) => {
    expect(deepImports(read('core/a.ts', text))).toHaveLength(count);
  });

  test.each([
    ['x.dataSync();', 1],
    ['const { arraySync } = x;', 1],
    ['const f = (x: any) => x;', 1],
    ['const y = x as unknown as number;', 1],
    ['const y = (x as unknown) as number;', 1],
    ['// @ts-ignore', 1],
    ["// any dataSync in a comment, or in a 'string: any'", 0],
    ['const y = x as unknown;', 0],
  ])('count the forbidden words of %s', (text, count) => {
    expect(forbiddenWords(read('core/a.ts', text))).toHaveLength(count);
  });
});
