import { describe, expect, test } from 'vitest';
import { printResult, resultTable, thresholdText, titleOf } from '../../../src/cli/result/printResult';
import { summarise } from '../../../src/cli/result/summarise';
import type { MeasuredByName } from '../../../src/evaluation/measureBlocks';
import { ATTACKED, failed, NOISE, record, row, rows, skipped } from './records';

/** What is printed in lines of 60 characters, on a terminal or into a file. */
function printed(measured: MeasuredByName, maxMmc?: number, terminal = false, notes: readonly string[] = []): string {
  let text = '';
  const write = (more: string) => {
    text += more;
  };
  const out = { write, isTTY: terminal, columns: 60 };
  const of = record(measured);
  printResult({ stdout: out, stderr: out, env: {} }, summarise({ ...of, run: { ...of.run, notes } }, maxMmc));
  return text;
}

const OWN = row('in', [0.9, 0.7], { labels: [0] });

describe('a result for people', () => {
  test('has the model, the verdict, what it rests on, the rows, the threshold, notes and what to do next', () => {
    const note = 'a note that is so long that it does not fit into one line of sixty';
    expect(printed({ 'in-distribution': OWN, ...rows(ATTACKED) }, 0.3, false, [note])).toBe(`\
m.json: LayersModel, inputs 2 in [0, 1], 10 classes

GOOD  This classifier knows what it does not know, as far as
this can tell: its mean confidence on adversarial noise is
21 %, where 10 % would say "I do not know".

- Changing each value of noise by 0.3 at most raises its
  mean confidence to 21 %.
- On your data its mean confidence is 80 %. Confidence tells
  them from uniform noise with an AUROC of 1.000 (1 is
  perfect, 0.5 is guessing), and 0 % of that row passes a
  threshold that keeps 95 % of your data.

                   mean confidence  AUROC  FPR@95  images
-----------------  ---------------  -----  ------  ------
in-distribution      0.800 ± 0.100      -       -       2
uniform noise        0.125 ± 0.005  1.000   0.000       2
adversarial noise    0.210 ± 0.010  1.000   0.000       2

The lowest mean confidence possible is 0.100. Test error: 0 %.

PASSED  No row of noise is above --max-mmc 0.3.

Notes
- a note that is so long that it does not fit into one line
  of sixty

Next
- Measure it against your data too: add --data FOLDER.
- Keep it so: run this with --max-mmc in your continuous
  integration.
`);
  });

  test('leaves out what there is nothing to say of', () => {
    const text = printed(rows(row('adversarialNoise', [0.2])));
    expect(text).not.toMatch(/\n\n\n|PASSED|FAILED|Notes|Test error|AUROC/);
    expect(text.endsWith('\n') && !text.endsWith('\n\n')).toBe(true);
    expect(text).toMatch(/\nadversarial noise +0\.200 +1\n/);
  });

  test.each([
    ['GOOD', 32, rows(ATTACKED)],
    ['WARNING', 33, rows(row('adversarialNoise', [0.4]))],
    ['BAD', 31, rows(row('adversarialNoise', [0.9]))],
    ['NO VERDICT', 33, rows(skipped(ATTACKED))],
  ])('has the word %s bold and in colour %i on a terminal, and no code elsewhere', (word, code, measured) => {
    expect(printed(measured, undefined, true)).toContain(`\n\n\x1b[1m\x1b[${code}m${word}\x1b[0m\x1b[0m  This `);
    expect(printed(measured)).toContain(`\n\n${word}  This `);
    expect(printed(measured)).not.toContain('\x1b');
  });

  test('has the word of its threshold in green or red on a terminal', () => {
    expect(printed(rows(ATTACKED), 0.3, true)).toContain('\n\n\x1b[32mPASSED\x1b[0m  No row of noise is above');
    expect(printed(rows(ATTACKED), 0.15, true)).toContain(
      '\n\n\x1b[31mFAILED\x1b[0m  Above --max-mmc 0.15: adversarial',
    );
  });
});

test('a model is said to be a LayersModel or a GraphModel, with its inputs, box and classes', () => {
  const { model } = summarise(record(rows(ATTACKED), 'graph'), undefined);
  const images = { ...model, inputShape: [28, 28, 1], bounds: [-1, 1] as const };
  expect(titleOf({ ...summarise(record(rows(ATTACKED)), undefined), model: images })).toBe(
    'm.json: GraphModel, inputs 28x28x1 in [-1, 1], 10 classes',
  );
});

test('a row that was skipped or failed has its status and dashes in all columns there are', () => {
  const table = (measured: MeasuredByName) => resultTable(summarise(record(measured), undefined));
  expect(table(rows(skipped(ATTACKED)))).toEqual({
    head: ['', 'mean confidence', 'images'],
    cells: [
      ['uniform noise', '0.125 ± 0.005', '2'],
      ['adversarial noise', 'skipped', '-'],
    ],
  });
  expect(table({ 'in-distribution': OWN, ...rows(skipped(ATTACKED)) })).toEqual({
    head: ['', 'mean confidence', 'AUROC', 'FPR@95', 'images'],
    cells: [
      ['in-distribution', '0.800 ± 0.100', '-', '-', '2'],
      ['uniform noise', '0.125 ± 0.005', '1.000', '0.000', '2'],
      ['adversarial noise', 'skipped', '-', '-', '-'],
    ],
  });
});

test('a threshold that holds names the rows that were skipped, one that is broken the rows that break it', () => {
  const said = (measured: MeasuredByName, maxMmc?: number) => thresholdText(summarise(record(measured), maxMmc));
  expect(said(rows(ATTACKED))).toBeUndefined();
  expect(said(rows(ATTACKED), 0.3)).toEqual({ passed: true, sentence: 'No row of noise is above --max-mmc 0.3.' });
  expect(said(rows(skipped(ATTACKED), skipped(NOISE)), 0.3)).toEqual({
    passed: true,
    sentence: 'No row of noise is above --max-mmc 0.3. Not looked at: uniform noise, adversarial noise.',
  });
  expect(said(rows(ATTACKED), 0.1)).toEqual({
    passed: false,
    sentence: 'Above --max-mmc 0.1: uniform noise, adversarial noise.',
  });
  expect(said(rows(failed(ATTACKED), row('noise', [0.9])), 0.3)).toEqual({
    passed: false,
    sentence: 'Above --max-mmc 0.3, or not known to be below it: uniform noise, adversarial noise (not measured).',
  });
});
