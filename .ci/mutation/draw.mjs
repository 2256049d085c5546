import { readdirSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { Instrumenter } from '@stryker-mutator/instrumenter';
import { areas } from './areas.mjs';

/** Mutations that are not made: words are for people, and tests hold to the code, the function and the argument of an error. */
export const excludedMutations = ['StringLiteral', 'ObjectLiteral'];

/** What tells a mutant from all others as long as the code stays the same; its lines count from 0. */
export function keyOf({ fileName, location: { start, end }, mutatorName, replacement }) {
  const place = `${start.line}:${start.column}-${end.line}:${end.column}`;
  return [relative('.', fileName), place, mutatorName, replacement].join(' ');
}

/** The keys of all mutants of an area, as StrykerJS makes them. */
export async function mutantsOf(area) {
  const files = readdirSync('src', { recursive: true })
    .map((path) => join('src', path))
    .filter((path) => areas[area].src.some((part) => path.startsWith(`src/${part}/`) || path === `src/${part}.ts`))
    .filter((path) => path.endsWith('.ts') && !path.endsWith('/index.ts'))
    .sort()
    .map((name) => ({ name, content: readFileSync(name, 'utf8'), mutate: true }));
  const quiet = { debug() {}, info() {}, isDebugEnabled: () => false };
  const { mutants } = await new Instrumenter(quiet).instrument(files, {
    plugins: null,
    ignorers: [],
    excludedMutations,
  });
  return mutants.filter(({ status }) => status !== 'Ignored').map(keyOf);
}

/** Some of the items at random without replacement, the same ones for the same seed: the first steps of a shuffle. */
export function draw(items, count, seed) {
  const left = [...items];
  const random = mulberry32(seed);
  const drawn = Math.min(count, left.length);
  for (let i = 0; i < drawn; i++) {
    const j = i + Math.floor(random() * (left.length - i));
    [left[i], left[j]] = [left[j], left[i]];
  }
  return left.slice(0, drawn);
}

/** Numbers in [0, 1). */
function mulberry32(seed) {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
