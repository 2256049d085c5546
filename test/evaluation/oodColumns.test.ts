import * as tf from '@tensorflow/tfjs-core';
import { describe, expect, it } from 'vitest';
import { apgdLinf } from '../../src/attacks/apgdLinf';
import { maxConfidenceAttack } from '../../src/attacks/maxConfidenceAttack';
import type { Attack } from '../../src/attacks/types';
import { classifier } from '../../src/classifier/classifier';
import { createRng } from '../../src/core/rng';
import { attackBatch, batchOdds } from '../../src/evaluation/attackBatch';
import { evaluateOod, usedSettings } from '../../src/evaluation/evaluateOod';
import { formatOodReport } from '../../src/evaluation/formatOodReport';
import type { ResolvedAttack } from '../../src/evaluation/oodAttacks';
import { type OodOptions, resolveOptions, type StoredOptions } from '../../src/evaluation/oodOptions';
import { thisProcess } from '../../src/evaluation/runner';
import { lossesOf } from '../../src/losses/headLosses';
import { mlp } from '../../src/models/mlp';
import { uniformNoise } from '../../src/noise/uniformNoise';
import { expectNoLeak } from '../support/expectNoLeak';
import { expectRefusal } from '../support/expectRefusal';
import { bruteAuroc, mean, rowNamed, sigmoid } from './byHand';

/** Logits 4x on [0,1]^2: with d = x0 - x1 the log-odds are 4 |d|, and a radius of epsilon changes d by 2 epsilon. */
const model = (x: tf.Tensor) => tf.mul(x, 4) as tf.Tensor2D;
const points = (...differences: number[]) => tf.tensor2d(differences.map((d) => [0.5 + d / 2, 0.5 - d / 2]));
const INSIDE = [0.5, 0.1, 0.204, -0.4];
const OUTSIDE = [0.05, -0.28, 0.45];
const EPSILON = 0.05;
const odds = (differences: readonly number[], change = 0) =>
  differences.map((d) => 4 * Math.max(0, Math.abs(d) + change));

/** The largest confidence within epsilon. */
const exactBound = async (images: tf.Tensor, epsilon: number) => {
  const values = await images.data();
  return Array.from({ length: images.shape[0]! }, (_, i) =>
    sigmoid(4 * (Math.abs(values[2 * i]! - values[2 * i + 1]!) + 2 * epsilon) + 1e-6),
  );
};
const attack = { epsilon: EPSILON, steps: 10 };
const base = () =>
  ({
    in: { x: points(...INSIDE), y: tf.zeros([4]) },
    out: { set: points(...OUTSIDE), far: points(0.9, 0.01) },
    noise: false,
    adversarialNoise: false,
    adversarialSamples: false,
  }) satisfies OodOptions;

describe('the columns of evaluateOod', () => {
  it('have the AUROC of either side attacked and of the out side at its bounds, by hand', async () => {
    const guarantee = { bound: exactBound };
    const report = await evaluateOod(model, { ...base(), attackedOut: attack, attackedIn: attack, guarantee });
    const [own, set] = [rowNamed(report, 'in-distribution'), rowNamed(report, 'set')];
    expect(set.auroc).toBeCloseTo(7 / 12, 12);
    expect(set.attackedAuroc).toBeCloseTo(bruteAuroc(odds(INSIDE), odds(OUTSIDE, 0.1)), 12);
    expect(set.attackedAuroc).toBeCloseTo(5 / 12, 12);
    expect(set.guaranteedAuroc).toBeCloseTo(5 / 12, 12);
    expect(set.inAttackedAuroc).toBeCloseTo(bruteAuroc(odds(INSIDE, -0.1), odds(OUTSIDE)), 12);
    expect(set.attacked).toMatchObject({ status: 'measured', reason: null, samples: 3, blindImages: 0 });
    expect(set.attacked!.meanMaxConfidence).toBeCloseTo(mean(odds(OUTSIDE, 0.1).map(sigmoid)), 5);
    expect(set.guaranteed!.meanMaxConfidence).toBeCloseTo(mean(odds(OUTSIDE, 0.1).map(sigmoid)), 5);
    expect(own.attacked!.meanMaxConfidence).toBeCloseTo(mean(odds(INSIDE, -0.1).map(sigmoid)), 3);
    for (const { lower, upper } of [set.aurocInterval!, set.attacked!.interval!, set.inAttackedInterval!]) {
      expect(lower).toBeLessThan(5 / 12);
      expect(upper).toBeGreaterThan(5 / 12);
    }
    expect(own).toMatchObject({ attackedAuroc: null, guaranteedAuroc: null, inAttackedAuroc: null, guaranteed: null });
    expect(report.settings).toMatchObject({ attackedOut: attack, attackedIn: attack, guarantee: { epsilon: EPSILON } });
    expect(JSON.parse(JSON.stringify(report))).toEqual(report);
    const text = formatOodReport(report);
    expect(text).toContain('AAUC: the out side attacked towards high confidence by pgdLinf, epsilon 0.05, 10 steps');
    expect(text).toContain('GAUC: the out side at what its confidence cannot exceed within 0.05');
    expect(text).toContain('In attacked: the in side attacked towards low confidence by pgdLinf');
    expect(text).toContain('convention "percentile"');
    expect(text).toMatch(/set +\| .*0\.583 \[[.\d]+, [.\d]+\] +0\.417 \[/);
  });

  it('are not there unless asked for, and say why', async () => {
    const report = await evaluateOod(model, base());
    const { attackedAuroc, guaranteedAuroc, attacked, guaranteed } = rowNamed(report, 'set');
    expect([attackedAuroc, guaranteedAuroc]).toEqual([null, null]);
    expect(attacked).toMatchObject({ status: 'skipped', reason: 'was not attacked', samples: 0 });
    expect(guaranteed).toMatchObject({ status: 'skipped', reason: 'no bound was given', samples: 0 });
    expect(formatOodReport(report)).not.toContain('AAUC');
    expect(formatOodReport(await evaluateOod(model, { ...base(), attackedOut: attack }))).toContain(
      'GAUC: none (no bound was given).',
    );
  });

  it('leave all rows as they are, and no tensor behind', async () => {
    const noise = (images: tf.Tensor) => tf.fill(images.shape, 0.5);
    const options = { ...base(), noise, adversarialNoise: { start: noise, ...attack } };
    const plain = await evaluateOod(model, options);
    const more = { attackedOut: attack, attackedIn: attack, guarantee: { bound: exactBound, samples: 2 } };
    const report = await expectNoLeak(() => evaluateOod(model, { ...options, ...more }));
    for (const row of plain.rows) {
      const { attacked, attackedAuroc, guaranteed, guaranteedAuroc, inAttackedAuroc, inAttackedInterval, ...same } =
        row;
      expect(rowNamed(report, row.name)).toMatchObject(same);
    }
    // Noise has columns, too: from 0.5 an attack makes d = 0.1.
    expect(rowNamed(report, 'noise').attacked!.meanMaxConfidence).toBeCloseTo(sigmoid(0.4), 4);
    expect(rowNamed(report, 'noise').guaranteed!.samples).toBe(2);
  });

  it('give no guarantee by a bound that a confidence exceeds', async () => {
    const clean = await evaluateOod(model, {
      ...base(),
      guarantee: { bound: (x) => new Array(x.shape[0]!).fill(0.6) },
    });
    const { guaranteedAuroc, guaranteed } = rowNamed(clean, 'set');
    expect(guaranteedAuroc).toBeNull();
    expect(guaranteed!.status).toBe('failed');
    expect(guaranteed!.reason).toMatch(/above its bound 0\.6000: the bound does not hold/);
    // Right for the images as they are, and found out by the attack.
    const asTheyAre = (x: tf.Tensor) => exactBound(x, 0);
    const attacked = await evaluateOod(model, { ...base(), guarantee: { bound: asTheyAre }, attackedOut: attack });
    expect(rowNamed(attacked, 'set').guaranteed!.status).toBe('failed');
    expect(formatOodReport(attacked)).toContain('set: guaranteed: could not be measured (image');
  });

  it('fail alone where an attack or a bound throws, and are worth nothing where a bound says nothing', async () => {
    const boom = (() => {
      throw new Error('out of memory');
    }) as Attack;
    const options = { ...base(), attackedOut: { attack: boom }, guarantee: { bound: boom as never } };
    const report = await expectNoLeak(() => evaluateOod(model, options));
    const row = rowNamed(report, 'set');
    expect(row).toMatchObject({ status: 'measured', attackedAuroc: null, guaranteedAuroc: null });
    for (const column of [row.attacked, row.guaranteed])
      expect(column).toMatchObject({ status: 'failed', reason: 'out of memory', samples: 0, meanMaxConfidence: null });
    const vacuous = { bound: (x: tf.Tensor) => new Float64Array(x.shape[0]!).fill(1) };
    expect(rowNamed(await evaluateOod(model, { ...base(), guarantee: vacuous }), 'set').guaranteedAuroc).toBe(0);
  });

  it('tell near sets from far ones and have the means of both below the table', async () => {
    const report = await evaluateOod(model, { ...base(), near: ['set'] });
    expect(report.rows.map(({ distance }) => distance)).toEqual([undefined, 'near', 'far']);
    const lines = formatOodReport(report).split('\n');
    expect(lines.find((line) => line.startsWith('near, mean of 1'))).toContain('0.583');
    expect(lines.find((line) => line.startsWith('far, mean of 1'))).toContain('0.500');
  });

  it.each([
    ['an unknown protocol', { protocol: 'hard' }, 'protocol'],
    ['a near set that there is not', { near: ['sett'] }, 'near'],
    ['a bound that is no function', { guarantee: { bound: 0.5 } }, 'guarantee.bound'],
    ['an unknown setting', { attackedOut: { step: 3 } }, 'attackedOut'],
    ['more images than there are', { attackedIn: { samples: 5 } }, 'attackedIn.samples'],
    ['a row called as a column of another', { out: { a: points(0.1), 'a (attacked)': points(0.1) } }, 'out'],
    [
      'a second model of other inputs',
      { transferFrom: mlp({ inputShape: [3], hidden: [], classes: 2 }) },
      'transferFrom',
    ],
  ])('refuse %s', async (_, more, argument) => {
    const code =
      argument === 'guarantee.bound'
        ? 'INVALID_ARGUMENT'
        : argument === 'transferFrom'
          ? 'INVALID_SHAPE'
          : 'INVALID_OPTION';
    const options = { ...base(), ...(more as object) };
    await expectRefusal(() => evaluateOod(model, options), {
      code,
      fn: 'evaluateOod',
      argument,
    });
  });

  it('refuse bounds that are too few, or no confidences', async () => {
    const options = base();
    const refused = (bound: () => number[]) => evaluateOod(model, { ...options, guarantee: { bound } });
    const where = { fn: 'evaluateOod', argument: 'guarantee.bound' };
    await expectRefusal(() => refused(() => [0.5]), { ...where, code: 'INVALID_ARGUMENT' });
    await expectRefusal(() => refused(() => [2, 2, 2]), { ...where, code: 'OUT_OF_BOUNDS' });
  });

  it('can be stopped between bounds', async () => {
    const stop = new AbortController();
    const bound = (x: tf.Tensor) => {
      stop.abort();
      return new Float64Array(x.shape[0]!).fill(1);
    };
    const work = evaluateOod(model, { ...base(), guarantee: { bound }, signal: stop.signal });
    await expect(work).rejects.toMatchObject({ code: 'ABORTED' });
  });
});

describe('the scores of detectors in evaluateOod', () => {
  /** Larger sums are more in-distribution; an attack of radius epsilon raises one by 2 epsilon. */
  const sums = async (x: tf.Tensor) => {
    const values = await x.data();
    return Array.from({ length: x.shape[0]! }, (_, i) => values[2 * i]! + values[2 * i + 1]!);
  };
  const sum = { score: sums, target: { model, objective: (z: tf.Tensor2D) => tf.sum(z, 1) as tf.Tensor1D } };
  const at = (...totals: number[]) => tf.tensor2d(totals.map((total) => [total / 2, total / 2]));
  const [own, others] = [
    [1.2, 0.9, 0.7, 1.6],
    [0.65, 0.85, 1.15],
  ];
  const options = () => ({ ...base(), in: { x: at(...own), y: tf.zeros([4]) }, out: { others: at(...others) } });

  it('have columns of their own, clean and attacked by their own objective', async () => {
    const scores = { detectors: { sum, clean: { score: sums } }, attackedOut: attack };
    const all = { ...options(), ...scores };
    const report = await expectNoLeak(() => evaluateOod(model, all));
    const row = rowNamed(report, 'others');
    const raised = others.map((total) => total + 2 * EPSILON);
    expect(row.detectors!.sum).toMatchObject({ reason: null, fprAt95: 2 / 3 });
    expect(row.detectors!.sum!.auroc).toBeCloseTo(bruteAuroc(own, others), 12);
    expect(row.detectors!.sum!.attackedAuroc).toBeCloseTo(bruteAuroc(own, raised), 12);
    expect(row.detectors!.sum!.attackedAuroc).toBeLessThan(row.detectors!.sum!.auroc!);
    expect(row.detectors!.clean).toMatchObject({ reason: 'was not attacked', attackedAuroc: null });
    expect(row.detectors!.clean!.auroc).toBe(row.detectors!.sum!.auroc);
    expect(report.settings.detectors).toEqual(['sum', 'clean']);
    expect(formatOodReport(report)).toMatch(/AUROC by score +others +others, attacked\n.*\nsum +0\.\d{3} \[/);
  });

  it('are the worst case where the strongest of several attacks on the score is taken', async () => {
    const settings = { steps: 5, restarts: 2, epsilon: EPSILON };
    const worst = { protocol: 'worst-case', attackedOut: settings, attackedIn: false, detectors: { sum } } as const;
    const report = await evaluateOod(model, { ...options(), ...worst });
    const raised = others.map((total) => total + 2 * EPSILON);
    expect(rowNamed(report, 'others').detectors!.sum!.attackedAuroc).toBeCloseTo(bruteAuroc(own, raised), 12);
  });

  it('fail alone, with the reason, and are refused where they are not one number for each image', async () => {
    const boom = () => {
      throw new Error('no features');
    };
    const report = await evaluateOod(model, { ...base(), detectors: { boom: { score: boom }, sum } });
    const { boom: failed, sum: fine } = rowNamed(report, 'set').detectors!;
    expect(failed).toMatchObject({ reason: 'no features', auroc: null });
    expect(fine!.auroc).not.toBeNull();
    expect(formatOodReport(report)).toContain('set, boom: could not be measured (no features).');
    const short = { ...base(), detectors: { short: { score: () => [1] } } };
    const where = { code: 'INVALID_ARGUMENT', fn: 'evaluateOod', argument: 'detectors' } as const;
    await expectRefusal(() => evaluateOod(model, short), where);
  });
});

describe('the worst case', () => {
  const net = classifier(mlp({ inputShape: [6, 6, 1], hidden: [12, 12], classes: 4, seed: 1 }));
  const other = classifier(mlp({ inputShape: [6, 6, 1], hidden: [10], classes: 4, seed: 2 }));
  const images = uniformNoise([6, 6, 6, 1], { seed: 3 });

  it.each(['out', 'in'] as const)(
    'is for each image the farthest of the attacks run alone, on the %s side',
    async (side) => {
      const members = [
        { attack: maxConfidenceAttack, restarts: 1 },
        { attack: apgdLinf, restarts: 2 },
        { attack: maxConfidenceAttack, restarts: 1, from: other },
      ];
      const [epsilon, steps] = [0.2, 6];
      const settings = { epsilon, steps, members, stepSize: undefined } as unknown as ResolvedAttack;
      const of = (one: typeof net) => (side === 'out' ? lossesOf(one).logOdds : lossesOf(one).lowLogOdds);
      const rng = createRng(4);
      const alone: number[][] = [];
      for (const [i, { attack, restarts, from }] of members.entries()) {
        const run = { epsilon, steps, restarts, rng: rng.fork(i), objective: of(from ?? net) };
        const { adversarial, objective } = attack(from ?? net, images, run);
        alone.push((await batchOdds(thisProcess, net, adversarial, undefined)).logOdds);
        tf.dispose([adversarial, objective]);
      }
      const run = { argument: 'attackedOut', side, objective: of(net), rng, memory: undefined, onStep: () => {} };
      const found = await attackBatch(thisProcess, settings, net, images, run);
      const { logOdds } = await batchOdds(thisProcess, net, found.images, undefined);
      tf.dispose(found.images);
      const farthest = side === 'out' ? Math.max : Math.min;
      logOdds.forEach((value, i) => {
        expect(value).toBeCloseTo(farthest(...alone.map((one) => one[i]!)), 6);
      });
      const clean = (await batchOdds(thisProcess, net, images, undefined)).logOdds;
      expect(logOdds.every((value, i) => (side === 'out' ? value > clean[i]! : value < clean[i]!))).toBe(true);
    },
  );

  it('attacks both sides for 500 steps, AutoPGD from 5 starts, and says whether there is a second model', () => {
    const options: StoredOptions = { in: { x: images, y: tf.zeros([6]) }, protocol: 'worst-case' };
    const used = usedSettings(resolveOptions(options, net));
    expect(used).toMatchObject({ protocol: 'worst-case', adversarialSamples: null });
    for (const one of [used.adversarialNoise, used.attackedOut, used.attackedIn])
      expect(one).toMatchObject({ steps: 500, restarts: 5, epsilon: 0.3, reach: 0.3 });
    expect(used.attackedIn!.attack).toBe(
      'the strongest of maxConfidenceAttack from 1 start, apgdLinf (no transfer attack: there is no second model)',
    );
    const transferred = usedSettings(resolveOptions({ ...options, transferFrom: other }, net));
    expect(transferred.attackedOut!.attack).toContain('and maxConfidenceAttack on the second model');
  });

  it('goes from evaluateOod to the report, and is at least as strong as one attack', async () => {
    const options = {
      in: { x: images, y: tf.zeros([6]) },
      out: { noise: uniformNoise([5, 6, 6, 1], { seed: 5 }) },
      noise: false,
      adversarialNoise: false,
    } as const;
    const settings = { steps: 8, restarts: 2, epsilon: 0.2 };
    const worst = { protocol: 'worst-case', attackedOut: settings, attackedIn: settings, transferFrom: other } as const;
    const report = await expectNoLeak(() => evaluateOod(net, { ...options, ...worst }));
    const one = await evaluateOod(net, {
      ...options,
      attackedOut: settings,
      attackedIn: settings,
      adversarialSamples: false,
    });
    const confidence = (of: typeof report, name: string) => rowNamed(of, name).attacked!.meanMaxConfidence!;
    expect(confidence(report, 'noise')).toBeGreaterThanOrEqual(confidence(one, 'noise') - 1e-6);
    expect(confidence(report, 'in-distribution')).toBeLessThanOrEqual(confidence(one, 'in-distribution') + 1e-6);
    expect(report.rows.map(({ name }) => name)).toEqual(['in-distribution', 'noise']);
  });
});
