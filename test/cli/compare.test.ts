import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { mul } from '@tensorflow/tfjs-core';
import { type LayersModel, layers, sequential } from '@tensorflow/tfjs-layers';
import { encode } from 'fast-png';
import { mlp } from 'relu-overconfidence/models';
import { beforeAll, describe, expect, test } from 'vitest';
import { directionOf, errorDifference, pairedDifference } from '../../src/cli/compare/comparison';
import { namesOf } from '../../src/cli/print/namesOf';
import { runCli, scratchFolder } from './runCli';
import { saveLayers } from './savedModels';

const folder = scratchFolder();
const at = (name: string) => join(folder, name);
const FEW = ['--backend', 'cpu', '--samples', '40', '--attacked', '8', '--steps', '3', '--rays', '4'];
const compare = (...args: string[]) => runCli(folder, ['compare', ...args, ...FEW]);

/** The same network with all logits multiplied by a factor: surer above 1, less sure below, and never of another class. */
function scaled(factor: number): LayersModel {
  const hidden = mlp({ inputShape: [4, 4, 1], hidden: [12], classes: 3, seed: 1 });
  const last = hidden.layers.at(-1)!;
  last.setWeights(last.getWeights().map((weights) => mul(weights, factor)));
  return sequential({ layers: [hidden, layers.softmax()] });
}

beforeAll(async () => {
  await saveLayers(scaled(8), at('runs/sure'));
  await saveLayers(scaled(0.5), at('runs/calm'));
  const labels = JSON.stringify({ labels: ['dark', 'above', 'below'] });
  for (const name of ['sure', 'calm']) await writeFile(at(`runs/${name}/metadata.json`), labels);
  for (const [i, name] of ['dark', 'above', 'below'].entries()) {
    await mkdir(at(`data/${name}`), { recursive: true });
    for (let k = 0; k < 4; k++) {
      const data = Uint8Array.from({ length: 16 }, (_, p) => 10 * k + (i === (p < 8 ? 1 : 2) ? 200 : 0));
      await writeFile(at(`data/${name}/${k}.png`), encode({ width: 4, height: 4, channels: 1, data }));
    }
  }
});

describe('compare', () => {
  test('finds the model whose logits are halved less sure on all noise, and no dearer, for both say the same classes', async () => {
    const args = ['runs/sure', 'runs/calm', '--data', 'data', '--ood', 'data', '--json', 'c.json', '--html', 'c.html'];
    const { code, stdout, stderr } = await compare(...args);
    expect([code, stderr]).toEqual([0, '']);
    const text = stdout.replaceAll(/\s+/g, ' ');
    expect(text).toContain(
      'COMPARED calm is less sure than sure on data, on uniform noise, on smooth noise, on permuted noise',
    );
    expect(text).toContain('No difference in accuracy can be told: its error is the same');
    const { models, pairs } = JSON.parse(await readFile(at('c.json'), 'utf8'));
    const [pair] = pairs;
    const [sure, calm] = models.map(({ result }: { result: { rows: { meanMaxConfidence: number }[] } }) => result.rows);
    expect(pair).toMatchObject({ model: 'calm', against: 'sure', error: { value: 0, samples: 12 } });
    for (const [i, { name, meanMaxConfidence }] of sure.entries())
      expect(pair.confidence[name].value).toBeCloseTo(calm[i].meanMaxConfidence - meanMaxConfidence, 12);
    const html = await readFile(at('c.html'), 'utf8');
    const [, taken = ''] = html.split('<h2>What they are taken for most often</h2>');
    expect(taken.slice(0, taken.indexOf('</table>'))).toMatch(/dark|above|below/);
    expect(html.includes('⇄ Comparison')).toBe(true);
  });

  test('measures each model as an audit of it alone does', async () => {
    const both = await compare('runs/sure', 'runs/calm', '--json', '-');
    const alone = await runCli(folder, ['audit', 'runs/calm', ...FEW, '--json', '-']);
    expect(JSON.parse(both.stdout).models[1].result).toEqual(JSON.parse(alone.stdout));
  });

  test('ranks three models, each against the first', async () => {
    await saveLayers(scaled(2), at('between'));
    const { stdout } = await compare('runs/sure', 'runs/calm', 'between');
    const text = stdout.replaceAll(/\s+/g, ' ');
    expect(text).toMatch(/From the least sure to the surest .*: calm \(.*, between \(.*, sure \(/);
    expect(text).toContain('between is less sure than sure');
  });

  test.each([
    ['a single model', ['runs/sure'], /two models or more, not 1/],
    ['the same model twice', ['runs/sure', './runs/sure/model.json'], /is the same model as runs\/sure/],
    [
      'models of other inputs',
      ['runs/sure', 'wide'],
      /inputs of 5 against inputs of 4x4x1\. Compare models of the same/,
    ],
    ['models of other classes', ['runs/sure', 'more'], /4 classes against 3 classes/],
    ['a folder that is not there', ['runs/sure', 'runs/calm', '--html', 'no/c.html'], /no folder no/],
  ])('refuses %s in a sentence, before any work', async (_, args, message) => {
    await saveLayers(mlp({ inputShape: [5], hidden: [3], classes: 3, seed: 1 }), at('wide'));
    await saveLayers(mlp({ inputShape: [4, 4, 1], hidden: [3], classes: 4, seed: 1 }), at('more'));
    const { code, stdout, stderr } = await compare(...args);
    expect([code, stdout]).toEqual([2, '']);
    expect(stderr.replaceAll(/\s+/g, ' ')).toMatch(message);
  });
});

test('models are called by the shortest ends of their paths that differ', () => {
  expect(namesOf(['a/plain/model.json', 'b/acet/'])).toEqual(['plain', 'acet']);
  expect(namesOf(['one/model/model.json', 'two/model'])).toEqual(['one/model', 'two/model']);
});

describe('the difference of two series', () => {
  // scipy.stats.t.interval(0.95, n - 1, d.mean(), scipy.stats.sem(d)) of the differences.
  test('has the interval of a paired t test, also of two numbers', () => {
    const before = [0.1, 0.4, 0.35, 0.8, 0.9];
    const after = [0.2, 0.3, 0.5, 0.95, 0.85];
    const { value, low, high } = pairedDifference(before, after);
    expect(value).toBeCloseTo(0.05, 12);
    expect(low).toBeCloseTo(-0.09559800963950794, 9);
    expect(high).toBeCloseTo(0.1955980096395079, 9);
    expect(pairedDifference(before.slice(0, 2), after).high).toBeCloseTo(1.2706204736432096, 9);
    expect(pairedDifference([0.5], [0.7])).toMatchObject({ low: null, high: null, samples: 1 });
  });

  test('of errors counts who alone is wrong, and is not certain where nobody is (Agresti and Min 2005)', () => {
    const wrong = (count: number, from: number, of: number) =>
      Array.from({ length: of }, (_, i) => i >= from && i < from + count);
    const some = errorDifference(wrong(3, 0, 40), wrong(9, 10, 40));
    expect(some).toMatchObject({ value: 6 / 40, samples: 40 });
    expect(some.low).toBeCloseTo(-0.019757347910527717, 12);
    expect(some.high).toBeCloseTo(0.30547163362481344, 12);
    const none = errorDifference(wrong(5, 0, 20), wrong(5, 0, 20));
    expect(none.high).toBeCloseTo(0.08908927202454792, 12);
    expect(directionOf(none)).toBe('unknown');
  });

  test('is none where a table shows nothing of it, however certain it is', () => {
    expect(directionOf({ value: -0.0004, low: -0.0005, high: -0.0003, samples: 20 })).toBe('unknown');
    expect(directionOf({ value: -0.0006, low: -0.0007, high: -0.0005, samples: 20 })).toBe('less');
  });
});
