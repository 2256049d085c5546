import { describe, expect, it } from 'vitest';
import { formatOodReport } from '../../src/evaluation/formatOodReport';
import type { OodReport, OodRow, OodRowKind } from '../../src/evaluation/oodReport';
import { expectRefusal } from '../support/expectRefusal';
import { NO_COLUMNS, PAPER_SETTINGS } from '../support/oodFields';

type Numbers = readonly [mmc: number | null, auroc: number | null, fpr: number | null];

function row(name: string, kind: OodRowKind, [mmc, auroc, fpr]: Numbers, samples: number, resisted = 0): OodRow {
  const scores = { meanMaxConfidence: mmc, standardError: null, auroc, fprAt95: fpr };
  return {
    name,
    kind,
    status: 'measured',
    reason: null,
    samples,
    resisted,
    ...scores,
    blindImages: null,
    ...NO_COLUMNS,
  };
}

function report(testError: number, rows: readonly OodRow[]): OodReport {
  const settings = { seed: 0, attackBatchSize: 100, noiseSamples: 10_000, ...PAPER_SETTINGS };
  return { testError, classes: 10, rows, settings: { ...settings, adversarialNoise: null, adversarialSamples: null } };
}

const plain = report(0.0051, [
  row('in-distribution', 'in', [0.991, null, null], 10_000),
  row('FMNIST', 'out', [0.654, 0.972, 0.121], 10_000),
  row('adversarial noise', 'adversarialNoise', [1, 0.031, 1], 1000),
]);
const acet = report(0.0066, [
  row('in-distribution', 'in', [0.986, null, null], 10_000),
  row('adversarial noise', 'adversarialNoise', [0.162, 0.9916, 0.0424], 1000),
  row('adversarial samples', 'adversarialSamples', [null, null, null], 0, 1000),
]);

describe('formatOodReport', () => {
  it('prints one report as a table with a row per data set', () => {
    expect(formatOodReport(plain)).toMatchInlineSnapshot(`
      "                   |                   TE 0.51 %
                         |    MMC  AUROC FPR@95      n
      in-distribution    |  0.991      -      -  10000
      FMNIST             |  0.654  0.972  0.121  10000
      adversarial noise  |  1.000  0.031  1.000   1000"
    `);
  });

  it('prints several reports side by side, rows joined by name and gaps as dashes', () => {
    expect(formatOodReport({ plain, ACET: acet })).toMatchInlineSnapshot(`
      "                     |            plain, TE 0.51 %  |             ACET, TE 0.66 %
                           |    MMC  AUROC FPR@95      n  |    MMC  AUROC FPR@95      n
      in-distribution      |  0.991      -      -  10000  |  0.986      -      -  10000
      FMNIST               |  0.654  0.972  0.121  10000  |      -      -      -      -
      adversarial noise    |  1.000  0.031  1.000   1000  |  0.162  0.992  0.042   1000
      adversarial samples  |      -      -      -      -  |      -      -      -      0
      ACET, adversarial samples: 1000 of 1000 images resisted the attack and are not counted."
    `);
  });

  it('keeps columns aligned under a long name', () => {
    const lines = formatOodReport({ 'a method with quite a long name': acet, plain }).split('\n').slice(0, -1);
    expect(new Set(lines.map((line) => line.lastIndexOf('|'))).size).toBe(1);
  });

  it('prints a report that has been through JSON in the same way', () => {
    expect(formatOodReport(JSON.parse(JSON.stringify(acet)) as OodReport)).toBe(formatOodReport(acet));
  });

  it.each([
    ['no reports', {}, 'EMPTY_INPUT'],
    ['null', null, 'EMPTY_INPUT'],
    ['a promise among them', { plain: Promise.resolve(plain) }, 'INVALID_ARGUMENT'],
    ['text', { plain: 'report' }, 'INVALID_ARGUMENT'],
  ] as const)('refuses %s', async (_, reports, code) => {
    await expectRefusal(() => formatOodReport(reports as never), { code, fn: 'formatOodReport', argument: 'reports' });
  });
});
