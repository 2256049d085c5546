import { describe, expect, test } from 'vitest';
import { CURVE_ALPHAS, RAYS } from '../../../src/cli/measure/rays';
import type { RunRecord } from '../../../src/cli/measure/runRecord';
import { resultHtml } from '../../../src/cli/result/resultHtml';
import { summarise } from '../../../src/cli/result/summarise';
import type { Measured, MeasuredByName } from '../../../src/evaluation/measureBlocks';
import { confidenceHistogramPlot, imageGrid, rayPlot } from '../../../src/report';
import { ATTACKED, failed, NOISE, record, row, rows, skipped } from './records';

const page = (of: RunRecord, maxMmc?: number) => resultHtml(of, summarise(of, maxMmc));
const headings = (html: string) => Array.from(html.matchAll(/<h2>(.*?)<\/h2>/g), ([, text]) => text);
/** The pictures of a kind, decoded from their addresses. */
const pictures = (html: string, kind: 'png' | 'svg+xml') =>
  Array.from(
    html.matchAll(new RegExp(`<img src="data:image/${kind.replace('+', '\\+')};base64,([^"]*)" alt="([^"]*)"`, 'g')),
    (found) => ({
      bytes: Buffer.from(found[1]!, 'base64'),
      alt: found[2]!,
    }),
  );

const growing = (by: number) => CURVE_ALPHAS.map((alpha) => 1 - 1 / (1 + by * alpha));
const RAY: Measured = {
  kind: 'other',
  samples: 2,
  blockSize: 2,
  blocks: {
    0: {
      alphas: [2, 3],
      leastAlphas: [2, 3],
      limits: [1 + 1e-12, 0.75],
      sureAtMinimalAlpha: [0],
      sureOnRay: [1],
      identicalRows: [0],
      curves: [...growing(0.5), ...growing(0.1)],
    },
  },
};
const own = (measured: MeasuredByName): RunRecord => {
  const of = record({ 'in-distribution': row('in', [0.9, 0.7], { labels: [0] }), ...measured });
  return { ...of, run: { ...of.run, data: { 'in-distribution': { path: 'folder', sha256: 'f', samples: 2 } } } };
};

describe('the page of a result', () => {
  test('without data and pictures has the verdict, what was found, what to do next and the table of means', async () => {
    const html = await page(record(rows(ATTACKED)), 0.3);
    expect(headings(html)).toEqual([
      'What was found',
      'What to do next',
      'Mean confidence',
      'What it takes them for',
      'How confidence is distributed',
    ]);
    expect(html).toContain('<p class="verdict good">');
    expect(html).toContain('<p>No row of noise is above <code class="option">--max-mmc 0.3</code>.</p>');
    expect(html).toContain('<p>The lowest mean confidence possible is 0.100.</p>');
    expect(html).toContain(
      '<th scope="col">Images</th><th scope="col" class="number">Mean confidence</th><th scope="col" class="number">Images</th>',
    );
    expect(html).toContain(
      '<th scope="row">adversarial noise</th><td class="number">0.210 ± 0.010</td><td class="number">2</td>',
    );
    expect(await page(record(rows(ATTACKED)))).not.toContain('<code class="option">--max-mmc 0');
  });

  test('with data has the table that compares with them, and no second table and histogram', async () => {
    const html = await page(own(rows(ATTACKED)));
    expect(headings(html)).toEqual([
      'Results',
      'What was found',
      'What to do next',
      'What it takes them for',
      'How it was measured',
    ]);
    expect(html).toContain('<small>test error 0.00&nbsp;%</small>');
    expect(html).toContain('<dt>in-distribution</dt><dd>folder, 2 images</dd>');
  });

  test('says on what it rests: model, attack, seed, backend and version', async () => {
    const html = await page(record(rows(ATTACKED)));
    for (const detail of [
      '<dt>model</dt><dd>m.json: LayersModel, inputs 2 in [0, 1], 10 classes</dd>',
      '<dt>model SHA-256</dt><dd>f</dd>',
      '<dt>attack</dt><dd>pgdLinf, epsilon 0.3, 40 steps of 0.0075, 2 images</dd>',
      '<dt>seed</dt><dd>0</dd>',
      '<dt>backend</dt><dd>cpu</dd>',
      '<dt>made by</dt><dd>relu-overconfidence 1</dd>',
    ])
      expect(html).toContain(detail);
    const of = record(rows(skipped(ATTACKED)));
    const unattacked = { ...of, run: { ...of.run, settings: { ...of.run.settings, adversarialNoise: null } } };
    expect(await page(unattacked)).not.toContain('<dt>attack</dt>');
  });

  test('has no heading for what was found where nothing was', async () => {
    expect(headings(await page(record({ 'uniform noise': NOISE })))).not.toContain('What was found');
  });

  test('names the confidence of the images that are shown, and no other', async () => {
    const { blocks, ...seen } = row('noise', [0.12, 0.13, 0.3, 0.4], { pixels: [0.25, 0.75] });
    const first = { ...seen, blocks: { 0: blocks[0]!, 2: { ...blocks[2]!, pixels: [] } } };
    const [picture] = pictures(await page(record(rows(ATTACKED, first))), 'png');
    expect(picture!.alt).toBe('The first images of each row: uniform noise with class 0 0.12.');
  });

  test('calls classes by their names where the model has names, and by their numbers where it has none', async () => {
    const of = record(rows(ATTACKED));
    const named = { ...of, run: { ...of.run, model: { ...of.run.model, labels: ['<cat>', 'dog'] } } };
    const line = (name: string) =>
      `<th scope="row">uniform noise</th><td>${name}</td><td class="number">100&nbsp;%</td>`;
    expect(await page(named)).toContain(line('&lt;cat&gt;'));
    expect(await page(of)).toContain(line('class 0'));
  });

  test('has notes among what was found', async () => {
    const of = record(rows(ATTACKED));
    expect(await page({ ...of, run: { ...of.run, notes: ['a note'] } })).toContain('<p>a note</p>');
  });

  test('shows the distribution of confidence on every row that has images', async () => {
    const [picture, ...more] = pictures(await page(record(rows(skipped(ATTACKED)))), 'svg+xml');
    expect(more).toEqual([]);
    const svg = await confidenceHistogramPlot({ 'uniform noise': [0.12, 0.13] }, { width: 460 });
    expect(picture!.bytes.toString()).toBe(svg);
    expect(headings(await page(record(rows(skipped(ATTACKED), skipped(NOISE)))))).not.toContain(
      'How confidence is distributed',
    );
    // All of these resisted the attack, so that none is left.
    const resisted = row('adversarialSamples', [0.9, 0.9], { blindImages: [0], labels: [0] });
    const [same] = pictures(
      await page(record({ ...rows(skipped(ATTACKED)), 'adversarial samples': resisted })),
      'svg+xml',
    );
    expect(same).toEqual(picture);
  });

  test('shows the first images of each row, enlarged to about 84 pixels, with the confidence of each', async () => {
    const seen = row('noise', [0.12, 0.13], { pixels: [0.25, 0.75] });
    const html = await page(record({ ...rows(failed({ ...ATTACKED }), seen), other: row('out', [0.5, 0.5]) }));
    const [picture, ...more] = pictures(html, 'png');
    expect([headings(html).includes('What it saw'), more]).toEqual([true, []]);
    const images = [0.25, 0.75, 0.25, 0.75];
    const shown = {
      label: 'uniform noise',
      images,
      captions: ['0.12', '0.13'],
      count: 2,
      height: 2,
      width: 1,
      channels: 1,
    };
    expect(picture!.bytes.equals(await imageGrid({ rows: [shown], scale: 42, bounds: [0, 1] }))).toBe(true);
    expect(picture!.alt).toBe('The first images of each row: uniform noise with class 0 0.12, class 0 0.13.');
  });

  test('shows no image of a row that failed, and large images at their own size', async () => {
    const pixels = Array.from({ length: 200 * 3 }, (_, i) => i / 600);
    const of = (measured: MeasuredByName): RunRecord => {
      const flat = record(measured);
      return { ...flat, run: { ...flat.run, model: { ...flat.run.model, inputShape: [2, 100, 3] } } };
    };
    const seen = row('noise', [0.13, 0.9], { pixels });
    const lost = { ...seen, failed: 'out of memory' };
    expect(headings(await page(of(rows(ATTACKED, lost))))).not.toContain('What it saw');
    const [picture] = pictures(await page(of({ ...rows(ATTACKED, seen), lost })), 'png');
    const images = Float32Array.from([...pixels, ...pixels]);
    const shown = {
      label: 'uniform noise',
      images,
      captions: ['0.13', '0.90'],
      count: 2,
      height: 2,
      width: 100,
      channels: 3,
    };
    expect(picture!.bytes.equals(await imageGrid({ rows: [shown], scale: 1, bounds: [0, 1] }))).toBe(true);
  });

  test('shows the confidence along every ray with its limit, which rounding does not lift above 1', async () => {
    const html = await page(own({ ...rows(ATTACKED), [RAYS]: RAY }));
    expect(headings(html)).toContain('What happens far away');
    const picture = pictures(html, 'svg+xml').at(-1)!;
    const rays = [
      { name: 'ray 1', alphas: CURVE_ALPHAS, confidences: growing(0.5), limit: 1 },
      { name: 'ray 2', alphas: CURVE_ALPHAS, confidences: growing(0.1), limit: 0.75 },
    ];
    expect(picture.bytes.toString()).toBe(await rayPlot(rays, { width: 460 }));
    expect(picture.alt).toContain('along 2 rays');
    const without = await page(own({ ...rows(ATTACKED), [RAYS]: failed(RAY) }));
    expect(headings(without)).not.toContain('What happens far away');
  });
});
