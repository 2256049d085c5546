import * as tf from '@tensorflow/tfjs-core';
import { describe, expect, it } from 'vitest';
import { downloadDataset, loadDataset, resize, toGray, toImageSet, twoMoons, unitPixels } from '../../src/datasets';
import {
  aupr,
  auroc,
  bootstrapInterval,
  confidenceHistogram,
  createRng,
  expectedCalibrationError,
  fprAtTpr,
  gaussianLowPass,
  OverconfidenceError,
  paperNoise,
  paperSampler,
  permutePixels,
  stretchContrast,
  uniformNoise,
} from '../../src/index';
import { mlp } from '../../src/models';
import { inputPlane, sliceRegions, toPiecewiseAffine } from '../../src/regions';
import {
  confidenceHistogramPlot,
  confidenceMap,
  imageGrid,
  oodReportHtml,
  rayPlot,
  regionMap,
  reliabilityDiagram,
  rocPlot,
  sandwichPlot,
} from '../../src/report';

const images = () => tf.fill([1, 2, 2, 1], 0.5);
const set = { shape: [1, 1, 1, 3] as const, pixels: new Uint8Array(3) };
const numbers = { dtype: 'uint8', shape: [1, 1, 1], data: new Uint8Array(1) } as const;
const row = { label: 'a', images: [0], count: 1, height: 1, width: 1, channels: 1 };
const ray = { name: 'a', alphas: [1], confidences: [1] };
const flat = async (points: Float32Array) => new Float32Array(points.length / 2).fill(0.5);
const regionsOf = () => {
  const model = mlp({ inputShape: [2], hidden: [2], classes: 2 });
  const regions = sliceRegions(toPiecewiseAffine(model), inputPlane);
  model.dispose();
  return regions;
};

/** Calls with options that a user of JavaScript may have misspelt, and where the refusal points. */
const calls: readonly [fn: string, argument: string, (wrong: never) => unknown][] = [
  ['uniformNoise', 'options', (wrong) => uniformNoise([1], wrong)],
  ['gaussianLowPass', 'options', (wrong) => tf.tidy(() => gaussianLowPass(images(), 1, wrong))],
  ['stretchContrast', 'options', (wrong) => tf.tidy(() => stretchContrast(images(), wrong))],
  ['permutePixels', 'options', (wrong) => tf.tidy(() => permutePixels(images(), wrong))],
  ['paperNoise', 'options', (wrong) => tf.tidy(() => paperNoise(images(), wrong))],
  ['paperSampler', 'options', (wrong) => paperSampler(wrong)],
  ['aupr', 'options', (wrong) => aupr([1], [0], wrong)],
  ['fprAtTpr', 'options', (wrong) => fprAtTpr([1], [0], wrong)],
  ['confidenceHistogram', 'options', (wrong) => confidenceHistogram([1], wrong)],
  ['expectedCalibrationError', 'options', (wrong) => expectedCalibrationError([1], [1], wrong)],
  ['bootstrapInterval', 'options', (wrong) => bootstrapInterval(auroc, [1], [0], wrong)],
  ['twoMoons', 'options', (wrong) => twoMoons(wrong)],
  ['unitPixels', 'options', (wrong) => unitPixels(set, wrong)],
  ['toGray', 'options', (wrong) => toGray(set, wrong)],
  ['resize', 'options', (wrong: object) => resize(set, { height: 1, width: 1, ...wrong })],
  ['resize', 'images', (wrong: object) => resize({ ...set, ...wrong }, { height: 1, width: 1 })],
  ['toImageSet', 'images', (wrong: object) => toImageSet({ ...numbers, ...wrong })],
  ['toImageSet', 'labels', (wrong: object) => toImageSet(numbers, { ...numbers, shape: [1], ...wrong })],
  ['downloadDataset', 'options', (wrong) => downloadDataset('mnist', 'nowhere', wrong)],
  ['loadDataset', 'options', (wrong) => loadDataset('nowhere', 'mnist', wrong)],
  ['rocPlot', 'options', (wrong) => rocPlot([1], { a: [0] }, wrong)],
  ['confidenceHistogramPlot', 'options', (wrong) => confidenceHistogramPlot({ a: [1] }, wrong)],
  ['reliabilityDiagram', 'options', (wrong) => reliabilityDiagram([1], [1], wrong)],
  ['sandwichPlot', 'options', (wrong) => sandwichPlot({ attack: [1], certified: [1] }, wrong)],
  ['rayPlot', 'options', (wrong) => rayPlot([ray], wrong)],
  ['rayPlot', 'rays[0]', (wrong: object) => rayPlot([{ ...ray, ...wrong }])],
  ['confidenceMap', 'options', (wrong) => confidenceMap(flat, wrong)],
  ['confidenceMap', 'box', (wrong: object) => confidenceMap(flat, { box: { x: [0, 1], y: [0, 1], ...wrong } })],
  ['confidenceMap', 'points', (wrong: object) => confidenceMap(flat, { points: { x: [], y: [], ...wrong } })],
  ['regionMap', 'options', (wrong) => regionMap(regionsOf(), wrong)],
  ['imageGrid', 'options', (wrong: object) => imageGrid({ rows: [row], ...wrong })],
  ['imageGrid', 'rows[0]', (wrong: object) => imageGrid({ rows: [{ ...row, ...wrong }] })],
  ['oodReportHtml', 'options', (wrong) => oodReportHtml({}, wrong)],
  [
    'oodReportHtml',
    'verdict',
    (wrong: object) => oodReportHtml({}, { verdict: { level: 'good', text: 'a', ...wrong } }),
  ],
  ['oodReportHtml', 'sections[0]', (wrong: object) => oodReportHtml({}, { sections: [{ heading: 'a', ...wrong }] })],
  [
    'oodReportHtml',
    'sections[0].table',
    (wrong: object) =>
      oodReportHtml({}, { sections: [{ heading: 'a', table: { columns: ['a'], rows: [], ...wrong } }] }),
  ],
  [
    'oodReportHtml',
    'sections[0].pictures[0]',
    (wrong: object) =>
      oodReportHtml({}, { sections: [{ heading: 'a', pictures: [{ svg: '<svg/>', alt: 'a', ...wrong }] }] }),
  ],
];

describe('a key that nobody reads is refused, naming the key, by', () => {
  it.each(calls)('%s in %s', async (fn, argument, call) => {
    const before = tf.memory().numTensors;
    const error = await Promise.resolve()
      .then(() => call({ unheardOf: 1 } as never))
      .catch((thrown) => thrown);
    expect(error).toBeInstanceOf(OverconfidenceError);
    expect(error).toMatchObject({ code: 'INVALID_OPTION', fn, argument, got: 'the key `unheardOf`' });
    expect(tf.memory().numTensors).toBe(before);
  });

  const bare = calls.filter(([, argument, call]) => argument === 'options' && !/\.\.\./.test(String(call)));
  it.each(bare)('%s, which refuses null and lists as %s too', async (fn, argument, call) => {
    for (const wrong of [null, [], 3]) {
      const error = await Promise.resolve()
        .then(() => call(wrong as never))
        .catch((thrown) => thrown);
      expect(error).toMatchObject({ name: 'OverconfidenceError', code: 'INVALID_ARGUMENT', fn, argument });
    }
  });
});

it('a seed is no option of a sampler, which takes its numbers from the stream it is given', () => {
  expect(() => paperSampler({ seed: 1 } as never)).toThrow('`seed`');
});

it('what is no stream of random numbers is refused where one is taken', () => {
  for (const rng of [Math.random, 3, null, {}, { uniform: Math.random }])
    expect(() => uniformNoise([1], { rng: rng as never })).toThrow(/`rng` to be a stream/);
  const noise = uniformNoise([1], { rng: createRng(1) });
  noise.dispose();
});
