import { bootstrapInterval, fprAtTpr, type Method, type OodReport, type OodRow } from 'relu-overconfidence';
import type { PublishedRow, PublishedTable } from './published';

/** What a table needs of a report; without labels there is no test error. */
export interface TableReport extends Pick<OodReport, 'rows'> {
  readonly testError: number | null;
}

type Number = 'meanMaxConfidence' | 'auroc' | 'fprAt95';

const NUMBERS: readonly (readonly [Number, string])[] = [
  ['meanMaxConfidence', 'MMC'],
  ['auroc', 'AUROC'],
  ['fprAt95', 'FPR@95'],
];

/**
 * Ours with its standard error, the published value and the difference of every number, one line per row and method. A star is at
 * differences of more than three standard errors and what rounding may add.
 */
export function markdownTable(reports: Readonly<Record<Method, TableReport>>, published: PublishedTable): string {
  const head = ['row', 'method', 'n', ...NUMBERS.flatMap(([, title]) => [title, 'paper', 'difference'])];
  const lines = Object.entries(reports).flatMap(([method, report]) => linesOf(method as Method, report, published));
  // The rows of the three methods stand together.
  const order = [...new Set(lines.map(([row]) => row))];
  lines.sort((a, b) => order.indexOf(a[0]) - order.indexOf(b[0]));
  return [head, head.map(() => '---'), ...lines].map((cells) => `| ${cells.join(' | ')} |`).join('\n');
}

function linesOf(method: Method, { testError, rows }: TableReport, published: PublishedTable): string[][] {
  const { testError: paperError, rows: paperRows } = published[method];
  const inside = rows[0]!;
  const blank = Array<string>(6).fill('');
  return [
    ['test error', method, ...errorCells(testError, inside.samples, paperError), ...blank],
    ...rows.map((row) => [
      row.name,
      method,
      count(row),
      ...NUMBERS.flatMap(([key]) => cells(row, inside, key, paperRows[publishedName(row.name)])),
    ]),
    ...Object.entries(paperRows)
      .filter(([name]) => !rows.some((row) => publishedName(row.name) === name))
      .map(([name, row]) => [
        name,
        method,
        'data not at hand',
        ...NUMBERS.flatMap(([key]) => ['', row[key]?.toFixed(3) ?? '', '']),
      ]),
  ];
}

function errorCells(ours: number | null, samples: number, paper: number): string[] {
  const percent = (value: number) => `${(100 * value).toFixed(2)} %`;
  if (ours === null) return ['no labels', '', percent(paper), ''];
  const error = Math.sqrt((ours * (1 - ours)) / samples);
  return [
    String(samples),
    `${percent(ours)} ± ${(100 * error).toFixed(2)}`,
    percent(paper),
    difference(100 * ours, 100 * error, 100 * paper, 2),
  ];
}

/** Pieces of a set ("SVHN (first 1,083 of train)") stand beside the published row of the whole. */
function publishedName(name: string): string {
  return name.replace(/ \(.*|, one sigma per image$/, '');
}

function cells(row: OodRow, inside: OodRow, key: Number, paper: PublishedRow | undefined): string[] {
  const [ours, theirs] = [row[key], paper?.[key]];
  if (ours === null) return ['', theirs?.toFixed(3) ?? '', ''];
  const error = standardError(row, inside, key);
  return [
    `${ours.toFixed(3)} ± ${error.toFixed(3)}`,
    theirs?.toFixed(3) ?? '',
    theirs === undefined ? '' : difference(ours, error, theirs, 3),
  ];
}

/** Of a mean from the spread of what is averaged, of the others from the 95 % interval of bootstrapping both sides. */
function standardError(row: OodRow, inside: OodRow, key: Number): number {
  if (key === 'meanMaxConfidence') return row.standardError ?? 0;
  const [inConfidences, outConfidences] = [inside.scores!.confidences, row.scores!.confidences];
  const { lower, upper } =
    key === 'auroc' ? row.aurocInterval! : bootstrapInterval(fprAtTpr, inConfidences, outConfidences, { seed: 1 });
  return (upper - lower) / (2 * 1.96);
}

function difference(ours: number, error: number, paper: number, digits: number): string {
  const far = Math.abs(ours - paper) > 3 * error + 0.5 * 0.1 ** digits;
  return signed(ours - paper, digits) + (far ? ' *' : '');
}

function count({ samples, resisted }: OodRow): string {
  return resisted === 0 ? String(samples) : `${samples} (${resisted} resisted)`;
}

function signed(value: number, digits: number): string {
  const shown = value.toFixed(digits);
  return Number(shown) < 0 ? shown : `+${shown.replace('-', '')}`;
}
