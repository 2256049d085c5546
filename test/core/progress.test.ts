import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs-core';
import { afterAll, describe, expect, it } from 'vitest';
import type { Progress, ProgressOptions } from '../../src/core/progress';
import { loadDataset, twoMoons } from '../../src/datasets';
import { auroc, bootstrapInterval, confidences, logOdds, predictions } from '../../src/index';
import { countRegions, inputPlane, sliceRegions, toPiecewiseAffine } from '../../src/regions';
import { checkStaysConfidentOn, checkUnconfidentOn } from '../../src/testing';
import { alphaScaling, checkTheorem31, checkTheorem32, rbfNetwork } from '../../src/theory';
import { expectNoLeak } from '../support/expectNoLeak';
import { expectRefusal } from '../support/expectRefusal';
import { tinyBatch, tinyMlp } from '../support/smallModels';

const model = tinyMlp();
const { x, y } = tinyBatch(10);
const net = toPiecewiseAffine(model);
const samples = [
  [0.2, 0.4],
  [0.9, 0.1],
  [0.5, 0.5],
];
const moons = twoMoons({ points: 20, seed: 1 });
const rbf = rbfNetwork({ ...moons, iterations: 5 });
const regions = countRegions(net, inputPlane);
const folder = mkdtempSync(join(tmpdir(), 'progress-'));
mkdirSync(join(folder, 'mnist'));
writeFileSync(join(folder, 'mnist', 'images.idx'), new Uint8Array([0, 0, 8, 3, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 1, 7]));
afterAll(() => {
  rmSync(folder, { recursive: true });
  tf.dispose([x, y]);
  model.dispose();
});

/** A function that takes a while, what it is called with, and the counts it should tell. */
type Long = readonly [name: string, call: (options: ProgressOptions) => unknown, counts: readonly number[]];

const upTo = (last: number) => Array.from({ length: last }, (_, i) => i + 1);
const batchSize = 4;
const functions: readonly Long[] = [
  ['confidences', (options) => confidences(model, x, { batchSize, ...options }), [4, 8, 10]],
  ['logOdds', (options) => logOdds(model, x, { batchSize, ...options }), [4, 8, 10]],
  ['predictions', (options) => predictions(model, x, { batchSize, ...options }), [4, 8, 10]],
  ['checkUnconfidentOn', (options) => checkUnconfidentOn(model, x, { maxMmc: 1, batchSize, ...options }), [4, 8, 10]],
  ['checkStaysConfidentOn', (options) => checkStaysConfidentOn(model, x, { minMmc: 0, ...options }), [10]],
  ['bootstrapInterval', (o) => bootstrapInterval(auroc, [3, 2], [1], { resamples: 6, ...o }), upTo(6)],
  ['alphaScaling', (options) => alphaScaling(net, samples, options), [1, 2, 3]],
  ['checkTheorem31', (options) => checkTheorem31(net, samples, options), [0, 1, 2, 3]],
  ['checkTheorem32', (o) => checkTheorem32(rbf, { distance: 1, starts: 3, steps: 2, ...o }), [1, 2, 3]],
  ['rbfNetwork', (options) => rbfNetwork({ ...moons, iterations: 4, ...options }), [1, 2, 3, 4]],
];

/** The same, where nobody can know the total beforehand. */
const openEnded: readonly Long[] = [
  ['sliceRegions', (options) => sliceRegions(net, inputPlane, options), upTo(regions)],
  ['countRegions', (options) => countRegions(net, inputPlane, options), upTo(regions)],
  ['loadDataset', (options) => loadDataset(folder, 'mnist', { labels: 'optional', ...options }), [1]],
];

describe('onProgress', () => {
  it.each([...functions, ...openEnded])('of %s is told what is done, in order', async (_, call, counts) => {
    const seen: Progress[] = [];
    await expectNoLeak(async () => void (await call({ onProgress: (progress) => seen.push(progress) })));
    expect(seen.map(({ done }) => done)).toEqual(counts);
  });

  it.each(functions)('of %s ends with all of the work done and no time left', async (_, call, counts) => {
    const seen: Progress[] = [];
    await call({ onProgress: (progress) => seen.push(progress) });
    expect(seen.at(-1)).toMatchObject({ done: counts.at(-1), total: counts.at(-1), remainingMs: 0 });
  });

  it.each(openEnded)('of %s has a total of NaN', async (_, call) => {
    const seen: Progress[] = [];
    await call({ onProgress: (progress) => seen.push(progress) });
    expect(seen.at(-1)).toMatchObject({ total: Number.NaN, remainingMs: Number.NaN });
  });

  it('of rbfNetwork is told of the rounds that find the centres, before any iteration', () => {
    const seen: Progress[] = [];
    rbfNetwork({ ...moons, centres: 3, iterations: 2, onProgress: (progress) => seen.push(progress) });
    const centres = seen.filter(({ label }) => label === 'centres');
    expect(centres.length).toBeGreaterThan(0);
    expect(seen.slice(centres.length).map(({ done, label }) => [done, label])).toEqual([
      [1, 'weights'],
      [2, 'weights'],
    ]);
  });

  it.each([...functions, ...openEnded])('of %s must be a function', async (fn, call) => {
    const options = JSON.parse('{ "onProgress": 1 }');
    await expectRefusal(() => call(options), { code: 'INVALID_ARGUMENT', fn, argument: 'onProgress' });
  });
});

describe('signal', () => {
  it.each([...functions, ...openEnded])('stops %s at the next chance and leaves no tensor behind', async (fn, call) => {
    const controller = new AbortController();
    let calls = 0;
    const onProgress = () => {
      calls++;
      controller.abort();
    };
    const stopped = () => call({ onProgress, signal: controller.signal });
    await expectRefusal(stopped, { code: 'ABORTED', fn, argument: 'signal' });
    expect(calls).toBe(1);
  });

  it.each([...functions, ...openEnded])('that has fired before keeps %s from any work', async (fn, call) => {
    const onProgress = () => expect.unreachable();
    const stopped = () => call({ onProgress, signal: AbortSignal.abort() });
    await expectRefusal(stopped, { code: 'ABORTED', fn, argument: 'signal' });
  });

  it('fired by a timer stops confidences between two batches', async () => {
    const controller = new AbortController();
    setTimeout(() => controller.abort(), 0);
    const stopped = () => confidences(model, x, { batchSize: 1, signal: controller.signal });
    await expectRefusal(stopped, { code: 'ABORTED', fn: 'confidences', argument: 'signal' });
  });
});
