import type { Method, OodReport, OodRow } from 'relu-overconfidence';
import type { PublishedRow, PublishedTable } from './published';

type Number = 'meanMaxConfidence' | 'auroc' | 'fprAt95';

const NUMBERS: readonly (readonly [Number, string])[] = [
  ['meanMaxConfidence', 'MMC'],
  ['auroc', 'AUROC'],
  ['fprAt95', 'FPR@95'],
];

/** Ours, the published value and the difference of every number, one line per row and method. */
export function markdownTable(reports: Readonly<Record<Method, OodReport>>, published: PublishedTable): string {
  const head = ['row', 'method', 'n', ...NUMBERS.flatMap(([, title]) => [title, 'paper', 'difference'])];
  const lines = Object.entries(reports).flatMap(([method, report]) => linesOf(method as Method, report, published));
  // The rows of the three methods stand together.
  const order = [...new Set(lines.map(([row]) => row))];
  lines.sort((a, b) => order.indexOf(a[0]) - order.indexOf(b[0]));
  return [head, head.map(() => '---'), ...lines].map((cells) => `| ${cells.join(' | ')} |`).join('\n');
}

function linesOf(method: Method, { testError, rows }: OodReport, published: PublishedTable): string[][] {
  const { testError: paperError, rows: paperRows } = published[method];
  const percent = (value: number) => `${(100 * value).toFixed(2)} %`;
  const error = [percent(testError), percent(paperError), signed(100 * (testError - paperError), 2)];
  const blank = Array<string>(6).fill('');
  return [
    ['test error', method, String(rows[0]!.samples), ...error, ...blank],
    ...rows.map((row) => [
      row.name,
      method,
      count(row),
      ...NUMBERS.flatMap(([key]) => cells(row, key, paperRows[publishedName(row.name)])),
    ]),
    ...Object.entries(paperRows)
      .filter(([name]) => !rows.some((row) => publishedName(row.name) === name))
      .map(([name, row]) => [name, method, 'data not at hand', ...NUMBERS.flatMap(([key]) => cells(null, key, row))]),
  ];
}

/** Pieces of a set ("SVHN (first 1,083 of train)") stand beside the published row of the whole. */
function publishedName(name: string): string {
  return name.replace(/ \(.*|, one sigma per image$/, '');
}

function cells(row: OodRow | null, key: Number, paper: PublishedRow | undefined): string[] {
  const [ours, theirs] = [row?.[key] ?? null, paper?.[key]];
  const standardError = key === 'meanMaxConfidence' ? row?.standardError : undefined;
  const error = typeof standardError === 'number' ? ` ± ${standardError.toFixed(3)}` : '';
  return [
    ours === null ? '' : ours.toFixed(3) + error,
    theirs?.toFixed(3) ?? '',
    ours === null || theirs === undefined ? '' : signed(ours - theirs, 3),
  ];
}

function count({ samples, resisted }: OodRow): string {
  return resisted === 0 ? String(samples) : `${samples} (${resisted} resisted)`;
}

function signed(value: number, digits: number): string {
  const shown = value.toFixed(digits);
  return Number(shown) < 0 ? shown : `+${shown.replace('-', '')}`;
}
