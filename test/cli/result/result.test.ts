import { describe, expect, test } from 'vitest';
import { join } from '../../../src/cli/measure/measure';
import { RAYS } from '../../../src/cli/measure/rays';
import { exitCodeOf } from '../../../src/cli/result/deliver';
import { printResult } from '../../../src/cli/result/printResult';
import { resultHtml } from '../../../src/cli/result/resultHtml';
import { summarise } from '../../../src/cli/result/summarise';
import { levelOf } from '../../../src/cli/result/verdict';
import type { Measured, MeasuredByName } from '../../../src/evaluation/measureBlocks';
import { ATTACKED, blindness, failed, NOISE, record, row, rows, skipped } from './records';

/** Verdict, rows that break a threshold of 0.3, and the exit codes with it and without it. */
function outcome(measured: MeasuredByName) {
  const without = summarise(record(measured), undefined);
  const result = summarise(record(measured), 0.3);
  return {
    level: result.verdict.level,
    broken: result.threshold!.broken,
    codes: [exitCodeOf(result), exitCodeOf(without)],
  };
}

function printed(measured: MeasuredByName, maxMmc: number | undefined): string {
  let text = '';
  const write = (more: string) => {
    text += more;
  };
  const out = { write, isTTY: false, columns: 100 };
  printResult({ stdout: out, stderr: out, env: {} }, summarise(record(measured), maxMmc));
  return text.replaceAll(/\s+/g, ' ');
}

describe('the verdict', () => {
  test.each([
    [0.1, 'good'],
    [0.234, 'good'],
    [0.236, 'warning'],
    [0.549, 'warning'],
    [0.551, 'bad'],
    [1 - 1e-12, 'bad'],
  ])(
    'at a mean confidence of %d with ten classes is %s, from 15 %% and 50 %% of the way from 1/K to 1 on',
    (mean, level) => {
      expect(outcome(rows(row('adversarialNoise', [mean, mean]))).level).toBe(level);
      expect(outcome(rows(ATTACKED, row('noise', [mean, mean]))).level).toBe(mean < 0.21 ? 'good' : level);
    },
  );

  test('goes by the surest row of images without a class, not by the data, attacked or not', () => {
    const own = row('in', [0.99, 0.98], { labels: [0] });
    const samples = row('adversarialSamples', [0.9, 0.95], { ...blindness(0), labels: [1] });
    const all = { 'in-distribution': own, ...rows(ATTACKED), 'adversarial samples': samples };
    expect(outcome(all)).toEqual({ level: 'good', broken: [], codes: [0, 0] });
    expect(summarise(record(all), 0.3).verdict.text).toContain('on adversarial noise is 21 %');
    expect(outcome({ ...all, other: row('out', [0.5, 0.6]) })).toMatchObject({ level: 'bad', broken: ['other'] });
  });

  test('tells the way on: training where it is needed, a threshold for later where it is not', () => {
    const next = (adversarial: Measured, kind?: 'graph') =>
      summarise(record(rows(adversarial), kind), undefined).verdict.next.join(' ');
    expect(next(ATTACKED)).toMatch(/^Measure it against your data.*--max-mmc/);
    expect(next(row('adversarialNoise', [0.9]))).toMatch(/^Train it away: relu-overconfidence train m\.json/);
    expect(next(row('adversarialNoise', [0.4]), 'graph')).toMatch(/^Train it away: relu-overconfidence train m\.json/);
    expect(next(failed(ATTACKED))).toMatch(/^Put right what could not be measured/);
    expect(next(failed(ATTACKED))).not.toMatch(/Train|--max-mmc/);
    expect(next(row('adversarialNoise', [0.9]))).not.toContain('Measure it');
    expect(next(ATTACKED, 'graph')).not.toContain('Train');
  });

  test('is none, and the threshold broken, where there was no image to measure', () => {
    const nothing = { 'adversarial noise': row('adversarialNoise', []) };
    expect(outcome(nothing)).toMatchObject({ level: 'none', broken: ['adversarial noise'] });
    expect(summarise(record(nothing), undefined).verdict.text).toBe('Nothing could be measured.');
  });
});

test('the verdict rests on the attack, the data and the rays, each in a sentence with its numbers', () => {
  const rays = {
    alphas: [2],
    leastAlphas: [2],
    limits: [1],
    sureAtMinimalAlpha: [1],
    sureOnRay: [1],
    identicalRows: [1],
    curves: [],
  };
  const measured: MeasuredByName = {
    'in-distribution': row('in', [0.9, 0.7], { labels: [0] }),
    ...rows(ATTACKED),
    close: row('out', [0.8, 0.2]),
    'adversarial samples': row('adversarialSamples', [0.99, 0.99], { ...blindness(0), labels: [1] }),
    [RAYS]: { kind: 'other', samples: 1, blockSize: 1, blocks: { 0: rays } },
  };
  const { verdict, testError } = summarise(record(measured), undefined);
  expect(testError).toBe(0);
  expect(verdict.level).toBe('warning');
  expect(verdict.text).toBe(
    'This classifier is surer of itself than it should be: its mean confidence on close is 50 %, where 10 % would say "I do not know".',
  );
  expect(verdict.details).toEqual([
    'Changing each value of noise by 0.3 at most raises its mean confidence to 21 %.',
    expect.stringMatching(
      /^On your data its mean confidence is 80 %\. Confidence tells them from close with an AUROC of 0\.750 /,
    ),
    expect.stringMatching(
      /^Far away .* along 1 of 1 rays .* multiplied by 2\. The condition of Theorem 3\.1.*does not hold/,
    ),
  ]);
  const { [RAYS]: _, ...without } = measured;
  expect(summarise(record(without), undefined).verdict.details).toHaveLength(2);
  const known = record(rows(ATTACKED));
  const data = { 'in-distribution': { path: 'data', sha256: 'f', samples: 2 } };
  const next = summarise({ ...known, run: { ...known.run, data } }, undefined).verdict.next;
  expect(next).toEqual([expect.stringContaining('Keep it so')]);
  expect(summarise(known, undefined).verdict.text).toMatch(/^This classifier knows what it does not know/);
});

test('is bad from the half of the way on, and a warning from 15 % on', () => {
  expect([0.49, 0.5].map((share) => levelOf(share, 0))).toEqual(['warning', 'bad']);
  expect([0.149, 0.15].map((share) => levelOf(share, 0))).toEqual(['good', 'warning']);
  expect([0.74, 0.75].map((confidence) => levelOf(confidence, 0.5))).toEqual(['warning', 'bad']);
});

test('a head of sigmoids knows what it does not know at 0, not at 1 / K', () => {
  const whole = record(rows(row('adversarialNoise', [0.16])));
  const sigmoids = { ...whole, run: { ...whole.run, model: { ...whole.run.model, head: 'sigmoids' as const } } };
  expect(summarise(whole, undefined).verdict.level).toBe('good');
  expect(summarise(sigmoids, undefined).verdict).toMatchObject({
    level: 'warning',
    text: expect.stringContaining('where 0 % would'),
  });
});

describe('a threshold of 0.3', () => {
  test('holds for a mean equal to it and is broken by one above', () => {
    expect(summarise(record(rows(ATTACKED)), 0.3).rows.some((one) => 'scores' in one)).toBe(false);
    const half = summarise(record(rows(row('adversarialNoise', [0.5]))), 0.5);
    expect([half.threshold!.broken, exitCodeOf(half)]).toEqual([[], 0]);
    expect(summarise(record(rows(row('adversarialNoise', [0.5]))), 0.5 - 2 ** -53).threshold!.broken).toHaveLength(1);
    expect(outcome(rows(row('adversarialNoise', [0.31])))).toMatchObject({
      broken: ['adversarial noise'],
      codes: [1, 0],
    });
    expect(printed(rows(ATTACKED), 0.3)).toContain('PASSED No row of noise is above --max-mmc 0.3.');
    expect(printed(rows(row('adversarialNoise', [0.31])), 0.3)).toContain(
      'FAILED Above --max-mmc 0.3: adversarial noise.',
    );
  });
});

describe('a measurement that failed', () => {
  const lost = ' (not measured)';
  test.each<[string, MeasuredByName]>([
    ['adversarial noise', rows(failed(ATTACKED))],
    ['uniform noise', rows(ATTACKED, failed(NOISE))],
    ['other', { ...rows(ATTACKED), other: failed(row('out', [0.2])) }],
    ['adversarial samples', { ...rows(ATTACKED), 'adversarial samples': failed(row('adversarialSamples', [0.2])) }],
    [RAYS, { ...rows(ATTACKED), [RAYS]: failed({ kind: 'other', samples: 1, blockSize: 1, blocks: {} }) }],
  ])('(%s) has no verdict, breaks the threshold, and without one ends with 3', async (name, measured) => {
    expect(outcome(measured)).toEqual({ level: 'none', broken: [name + lost], codes: [1, 3] });
    const noted = { ...record(measured), run: { ...record(measured).run, notes: ['a note'] } };
    expect(summarise(noted, 0.3).notes).toEqual(['a note', `${name}: could not be measured (out of memory).`]);
    const text = printed(measured, 0.3);
    expect(text).toContain('NO VERDICT This cannot be judged. ');
    expect(text).toContain(`${name}: could not be measured (out of memory).`);
    expect(text).toContain(`FAILED Above --max-mmc 0.3, or not known to be below it: ${name}${lost}.`);
    expect(text).not.toMatch(/GOOD|PASSED/);
    expect(summarise(record(measured), 0.3).rays).toBeNull();
    if (name !== RAYS) expect(text).toMatch(new RegExp(`${name} failed -`));
    const html = await resultHtml(record(measured), summarise(record(measured), 0.3));
    expect(html).toContain('No verdict');
    expect(html).toContain(`${name}: could not be measured (out of memory).`);
  });

  test('is one in the merged result of shards when it failed in a single one of them', () => {
    const half = ({ blocks, ...one }: Measured, start: number): Measured => ({
      ...one,
      blocks: { [start]: blocks[start]! },
    });
    const whole = record(rows(ATTACKED));
    const parts = [0, 1].map((start) => record({ ...rows(half(ATTACKED, start)) }));
    expect(join(parts)).toEqual(whole);
    const broken = [parts[0]!, record(rows(failed(ATTACKED)))];
    for (const order of [broken, broken.toReversed()])
      expect(outcome(join(order).measured)).toMatchObject({ level: 'none', codes: [1, 3] });
  });

  test('of the data themselves leaves the others without a comparison', () => {
    const measured = { 'in-distribution': failed(row('in', [0.9])), ...rows(ATTACKED) };
    expect(summarise(record(measured), undefined)).toMatchObject({ testError: null, verdict: { level: 'none' } });
  });
});

describe('an attack that was skipped by --attacked 0', () => {
  const measured = rows(skipped(ATTACKED));
  test('leaves no verdict, and the threshold to what was measured, saying so', () => {
    expect(outcome(measured)).toEqual({ level: 'none', broken: [], codes: [0, 0] });
    expect(printed(measured, 0.3)).toContain('adversarial noise: was not measured (--attacked 0)');
    expect(printed(measured, 0.3)).toContain('Not looked at: adversarial noise.');
    expect(outcome({ 'uniform noise': NOISE }).level).toBe('none');
    const text = (of: MeasuredByName) => summarise(record(of), undefined).verdict.text;
    const known = ' At the least, its mean confidence on uniform noise is 12.5 %.';
    const judged = (why: string) => `This cannot be judged. adversarial noise: was not measured (${why}).`;
    expect(text(measured)).toBe(judged('--attacked 0') + known);
    expect(text({ 'uniform noise': NOISE })).toBe(judged('there is no such row') + known);
    expect(text({ 'adversarial noise': skipped(ATTACKED) })).toBe(judged('--attacked 0'));
    const own = { 'in-distribution': row('in', [0.9, 0.7], { labels: [0] }), 'adversarial noise': skipped(ATTACKED) };
    expect(summarise(record(own), undefined).verdict.details).toEqual([]);
  });
});

describe('an attack whose gradients were all zero', () => {
  const blind = (mean: number) => rows(row('adversarialNoise', [mean, mean], blindness(1)));
  test('counts as not measured where it found little', () => {
    const name = 'adversarial noise (not measured)';
    expect(outcome(blind(0.2))).toEqual({ level: 'none', broken: [name], codes: [1, 3] });
    expect(printed(blind(0.2), 0.3)).toContain('the attack was blind');
    const twenty = (count: number) => rows(row('adversarialNoise', new Array(20).fill(0.2), blindness(count)));
    expect(outcome(twenty(9))).toMatchObject({ level: 'none', codes: [1, 3] });
    expect(outcome(twenty(8))).toMatchObject({ level: 'good', codes: [0, 0] });
    expect(printed(twenty(8), 0.3)).toContain('16 of 20 images had gradients of zero alone');
    expect(printed(twenty(0), 0.3)).not.toContain('gradients');
  });

  test('counts as not measured where all images resisted, so that there is no mean', () => {
    const resisted = row('adversarialSamples', [0.9, 0.9], { ...blindness(1), labels: [0] });
    const measured = { ...rows(ATTACKED), 'adversarial samples': resisted };
    expect(summarise(record(measured), undefined).unmeasured.map(({ name }) => name)).toEqual(['adversarial samples']);
  });

  test('is no excuse where the model is sure of itself all the same', () => {
    expect(outcome(blind(1 - 1e-12))).toEqual({ level: 'bad', broken: ['adversarial noise'], codes: [1, 0] });
    const high = summarise(record(blind(0.8)), 0.9);
    expect([high.threshold!.broken, exitCodeOf(high)]).toEqual([['adversarial noise (not measured)'], 1]);
  });
});

test('an attack whose steps could not reach epsilon is said to have gone as far as it could, in every sentence', async () => {
  const whole = record(rows(ATTACKED));
  const attack = { ...whole.run.settings.adversarialNoise!, steps: 5, reach: 0.0375 };
  const short = { ...whole, run: { ...whole.run, settings: { ...whole.run.settings, adversarialNoise: attack } } };
  const said = '5 steps of 0.0075 reach no farther than 0.0375, not epsilon 0.3';
  const result = summarise(short, undefined);
  expect(result.notes).toEqual([`adversarial noise: ${said}.`]);
  expect(result.verdict.details[0]).toMatch(/^Changing each value of noise by 0\.0375 at most/);
  expect(await resultHtml(short, result)).toContain(`epsilon 0.3, 5 steps of 0.0075, 2 images (${said})`);
  expect(summarise(whole, undefined).notes).toEqual([]);
  expect(summarise(whole, undefined).verdict.details[0]).toMatch(/^Changing each value of noise by 0\.3 at most/);
});

describe('rays', () => {
  const rays = (alphas: (number | null)[], limits: number[], identicalRows = 0): Measured => {
    const block = {
      alphas,
      leastAlphas: alphas,
      limits,
      sureAtMinimalAlpha: [1],
      sureOnRay: [2],
      identicalRows: [identicalRows],
      curves: [],
    };
    return { kind: 'other', samples: alphas.length, blockSize: alphas.length, blocks: { 0: block } };
  };
  const found = (one: Measured) => summarise(record({ ...rows(ATTACKED), [RAYS]: one }), undefined);

  test('have the median alpha, null where half of them never get there, and shares of all rays', () => {
    expect(found(rays([4, 1, 2, null], [1, 1 - 1e-9, 1 - 2e-9, 0.5])).rays).toMatchObject({
      rays: 4,
      medianAlpha: 3,
      overconfidentAtMinimalAlpha: 0.25,
      overconfidentOnRay: 0.5,
      goToOne: 0.5,
      theoremHolds: true,
    });
    expect(found(rays([1, null, null], [0.5, 0.5, 0.8])).rays).toMatchObject({ medianAlpha: null, goToOne: 0 });
    expect(found(rays([1], [0.5], 1)).rays!.theoremHolds).toBe(false);
    expect(found(rays([1, 2], [0.4, 0.8])).rays!.meanLimit).toBeCloseTo(0.6, 12);
    expect(found(rays([1, 1, 2], [1, 1, 1])).verdict.details.join(' ')).toMatch(
      /mean limit 100 %\), and half of the inputs have 99\.9 % as they are\./,
    );
  });

  test('that could not be followed leave bounds on the median, and the verdict says so', () => {
    const one = rays([1, 4, 8], [1, 1, 1]);
    const given = { ...one, blocks: { 0: { ...one.blocks[0]!, leastAlphas: [1, 2.5, 1.25] } } };
    const { rays: result, verdict } = found(given);
    expect(result).toMatchObject({ followed: 1, medianAlpha: 4, leastMedianAlpha: 1.25 });
    expect(verdict.details.join(' ')).toContain(
      'half of the inputs reach 99.9 % when multiplied by 4 or less, but not by less than 1.25 (1 of 3 rays could be followed that far)',
    );
    const lost = { ...one, blocks: { 0: { ...one.blocks[0]!, alphas: [1, null, null], leastAlphas: [1, 2, 3] } } };
    expect(found(lost).rays).toMatchObject({ medianAlpha: null, leastMedianAlpha: 2 });
    expect(found(lost).verdict.details.join(' ')).toContain('half of the inputs or more are not known to reach 99.9 %');
  });

  test('that go to 1 call for a guarantee, and others do not', () => {
    expect(found(rays([1], [1])).verdict.next.join(' ')).toContain('No training changes what happens far away');
    expect(found(rays([1], [0.9])).verdict.next.join(' ')).not.toContain('far away');
    expect(found(rays([1], [0.9])).verdict.details.join(' ')).not.toContain('The condition of Theorem');
    expect(found(rays([null], [0.9])).verdict.details.join(' ')).toContain(
      'half of the inputs or more never reach 99.9 %',
    );
  });
});
