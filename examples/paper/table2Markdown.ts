import type { Method } from 'relu-overconfidence';
import type { PublishedAlpha } from './published';

/** What was found of a set of samples; `null` stands for an alpha that is infinite, which JSON cannot write. */
export interface AlphaChunk {
  readonly alphas: readonly (number | null)[];
  /** Samples above 95 % confidence at clip(alpha x) for their minimal alpha. */
  readonly sureAtMinimalAlpha: number;
  /** Samples above 95 % confidence at clip(alpha x) for some alpha looked at. */
  readonly sureOnRay: number;
}

/** A method's part of Table 2. */
export interface Table2Row {
  readonly method: Method;
  readonly samples: number;
  /** Median of the minimal alphas; `null` if it is infinite. */
  readonly medianAlpha: number | null;
  /** Interval that covers the median of all noise with about 95 % probability, whatever the distribution. */
  readonly medianInterval: readonly [low: number | null, high: number | null];
  /** Samples that never reach the confidence. */
  readonly never: number;
  readonly overconfidentAtMinimalAlpha: number;
  readonly overconfidentOnRay: number;
}

/** Counts of all pieces of a method together. */
export function table2Row(method: Method, chunks: readonly AlphaChunk[]): Table2Row {
  const alphas = chunks.flatMap((chunk) => chunk.alphas.map((alpha) => alpha ?? Number.POSITIVE_INFINITY));
  const sorted = Float64Array.from(alphas).sort();
  const at = (rank: number) => {
    const alpha = sorted[Math.min(sorted.length - 1, Math.max(0, rank))]!;
    return Number.isFinite(alpha) ? alpha : null;
  };
  const [low, high] = [at((sorted.length - 1) >> 1), at(sorted.length >> 1)];
  const reach = 0.98 * Math.sqrt(sorted.length);
  const share = (count: (chunk: AlphaChunk) => number) =>
    chunks.reduce((sum, chunk) => sum + count(chunk), 0) / sorted.length;
  return {
    method,
    samples: sorted.length,
    medianAlpha: low === null || high === null ? null : (low + high) / 2,
    medianInterval: [at(Math.floor(sorted.length / 2 - reach)), at(Math.ceil(sorted.length / 2 + reach))],
    never: sorted.filter((alpha) => alpha === Number.POSITIVE_INFINITY).length,
    overconfidentAtMinimalAlpha: share((chunk) => chunk.sureAtMinimalAlpha),
    overconfidentOnRay: share((chunk) => chunk.sureOnRay),
  };
}

/** Table 2, ours beside the published values. */
export function table2Markdown(
  rows: readonly Table2Row[],
  published: Readonly<Partial<Record<Method, PublishedAlpha>>>,
): string {
  const head = [
    'method',
    'n',
    'median alpha',
    '95 % interval',
    'paper',
    'difference',
    'never sure',
    'above 95 % at the minimal alpha',
    'above 95 % on the ray',
    'paper',
  ];
  const lines = rows.map((row) => {
    const { medianAlpha: ours, medianInterval, overconfidentAtMinimalAlpha: atMinimal, overconfidentOnRay } = row;
    const paper = published[row.method];
    return [
      row.method,
      String(row.samples),
      shown(ours),
      medianInterval.map(shown).join(' to '),
      paper?.medianAlpha ?? '',
      paper === undefined || ours === null ? '' : difference(ours, Number(paper.medianAlpha)),
      String(row.never),
      percent(atMinimal, row.samples),
      percent(overconfidentOnRay, row.samples),
      paper === undefined ? '' : `${paper.overconfident} %`,
    ];
  });
  return [head, head.map(() => '---'), ...lines].map((cells) => `| ${cells.join(' | ')} |`).join('\n');
}

function shown(alpha: number | null): string {
  if (alpha === null) return 'infinite';
  return alpha < 1000 ? alpha.toPrecision(3) : alpha.toExponential(1);
}

/** In per cent of the published value; the paper's "> 10^6" is no number to compare with. */
function difference(ours: number, paper: number): string {
  if (!Number.isFinite(paper)) return '';
  const per = 100 * (ours / paper - 1);
  return `${per < 0 ? '' : '+'}${per.toFixed(0)} %`;
}

/** A share with its standard error. */
function percent(share: number, samples: number): string {
  const error = Math.sqrt((share * (1 - share)) / samples);
  return `${(100 * share).toFixed(1)} % ± ${(100 * error).toFixed(1)}`;
}
