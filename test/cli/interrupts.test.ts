import { existsSync, readdirSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { mul } from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, test } from 'vitest';
import { mlp } from '../../src/models';
import { runCli, scratchFolder } from './runCli';
import { saveLayers } from './savedModels';

const folder = scratchFolder();
const at = (name: string) => join(folder, name);
const CPU = ['--backend', 'cpu', '--progress'] as const;

/** Runs a command, sends a signal at the first sight of a text on stderr, and says how long the end took after that, in milliseconds. */
async function interrupted(args: readonly string[], sight: RegExp, signal: NodeJS.Signals = 'SIGTERM') {
  let sent = Number.NaN;
  const run = await runCli(folder, args, (stderr, kill) => {
    if (!Number.isNaN(sent) || !sight.test(stderr)) return;
    sent = performance.now();
    kill(signal);
  });
  return { ...run, took: performance.now() - sent };
}

/** Far more than the three seconds that are meant: other work may keep the machine busy. */
const GENEROUS = 15_000;

describe('SIGTERM ends', () => {
  beforeAll(async () => {
    const wide = mlp({ inputShape: [2], hidden: [200, 200, 200], classes: 3, seed: 1 });
    wide.setWeights(wide.getWeights().map((weight) => mul(weight, 3)));
    await saveLayers(wide, at('wide'));
    await saveLayers(mlp({ inputShape: [100], hidden: [250, 250, 250], classes: 3, seed: 1 }), at('large'));
  });

  test('a map of regions, and those that were found are drawn', async () => {
    const args = ['regions', 'wide', '--box', '-50,50', '--max-regions', '10000000', '--svg', 'part.svg', ...CPU];
    const { code, stderr, took } = await interrupted(args, /regions\n/);
    expect([code, stderr]).toEqual([130, expect.stringMatching(/The \d+ linear regions that were found by then/)]);
    expect(await readFile(at('part.svg'), 'utf8')).toMatch(/^<svg/);
    expect(took).toBeLessThan(GENEROUS);
  });

  test('certificates, and those that are done are told', async () => {
    const args = [
      'certify',
      'large',
      '--samples',
      '10',
      '--epsilon',
      '0.02',
      '--seconds',
      '1',
      '--json',
      'part.json',
      ...CPU,
    ];
    const { code, stderr, took } = await interrupted(args, / 10 %/);
    expect([code, stderr]).toEqual([130, expect.stringMatching(/Of 10 images \d were done/)]);
    const { rows } = JSON.parse(await readFile(at('part.json'), 'utf8'));
    expect(rows[0].samples).toBeGreaterThan(0);
    expect(rows[0].samples).toBeLessThan(10);
    expect(took).toBeLessThan(GENEROUS);
  });

  test('an audit between rays, and those that were followed are kept', async () => {
    const rays = await raysKept('large', ['--rays', '2000', ...CPU], / [1-9]\d? %.*rays/);
    const followed = Object.keys(rays.blocks).length;
    expect(followed).toBeGreaterThan(0);
    expect(followed).toBeLessThan(2000 / rays.blockSize);
  });
});

/** Interrupts an audit that measures little besides rays, and reads what it kept of them. */
async function raysKept(model: string, args: readonly string[], sight: RegExp) {
  const little = ['--samples', '1', '--attacked', '0', '--bounds', '-1,1', '--workers', '0'];
  const before = readdirSync(folder);
  const { code, stderr, took } = await interrupted(['audit', model, ...little, ...args], sight);
  expect([code, stderr]).toEqual([130, expect.stringContaining('kept in')]);
  expect(took).toBeLessThan(GENEROUS);
  const [kept] = readdirSync(folder).filter((name) => !before.includes(name) && name.endsWith('.json'));
  const { measured } = JSON.parse(await readFile(at(kept!), 'utf8'));
  expect(Object.keys(measured['uniform noise'].blocks)).toHaveLength(1);
  return measured.rays;
}

describe('certify', () => {
  test('refuses what would never end, says how long it would take and what ends', async () => {
    await saveLayers(mlp({ inputShape: [20], hidden: [2000, 2000], classes: 3, seed: 1 }), at('huge'));
    const { code, stderr } = await runCli(folder, ['certify', 'huge', '--samples', '100000', ...CPU]);
    expect([code, stderr]).toEqual([2, expect.stringMatching(/CROWN would take about \d+ (day|year)s? at the most/)]);
    expect(stderr).toContain('--method interval');
  });
});

const wild = process.env.RELU_WILD ?? new URL('../../../shared/wild-models', import.meta.url).pathname;
const machine = join(wild, 'teachable-machine-12');

describe.skipIf(!existsSync(machine))('SIGTERM, on a MobileNet of the web (RELU_WILD), ends', () => {
  test('an audit inside its first ray, which takes half a minute, and what was measured before is kept', async () => {
    await raysKept(machine, ['--rays', '5', '--progress'], / %.*rays/);
  }, 300_000);
});
