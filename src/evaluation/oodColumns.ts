import { textTable } from '../core/textTable';
import type { ScoreInterval } from '../metrics/aurocInterval';
import { attackInWords, type OodRow, type UsedSettings } from './oodReport';

/** A column of a table of rows. */
export interface TableColumn {
  readonly head: string;
  readonly cell: (row: OodRow) => string;
}

/** Whether rows were attacked or bounded in columns of their own: tables are then wider. */
export function hasColumns(rows: readonly OodRow[]): boolean {
  return rows.some((row) =>
    [row.attacked, row.guaranteed].some((column) => column != null && column.status !== 'skipped'),
  );
}

/** The columns that tell how well the in-distribution is told from a row; those of attacks and bounds where there are any. */
export function comparisonColumns(rows: readonly OodRow[], intervals = hasColumns(rows)): TableColumn[] {
  const area: TableColumn = {
    head: 'AUROC',
    cell: (row) => withInterval(row.auroc, intervals ? row.aurocInterval : null),
  };
  const fpr: TableColumn = { head: 'FPR@95', cell: ({ fprAt95 }) => shown(fprAt95) };
  if (!hasColumns(rows)) return [area, fpr];
  const any = (of: (row: OodRow) => number | null | undefined) => rows.some((row) => of(row) != null);
  const failing = ({ attacked, guaranteed }: OodRow, which: 'attacked' | 'guaranteed') =>
    (which === 'attacked' ? attacked : guaranteed)?.status === 'failed' ? 'failed' : undefined;
  return [
    area,
    {
      head: 'AAUC',
      cell: (row) => failing(row, 'attacked') ?? withInterval(row.attackedAuroc, row.attacked?.interval),
    },
    {
      head: 'GAUC',
      cell: (row) => failing(row, 'guaranteed') ?? withInterval(row.guaranteedAuroc, row.guaranteed?.interval),
    },
    ...(any((row) => row.inAttackedAuroc)
      ? [{ head: 'in attacked', cell: (row: OodRow) => withInterval(row.inAttackedAuroc, row.inAttackedInterval) }]
      : []),
    { head: 'AUPR', cell: ({ aupr }) => shown(aupr) },
    fpr,
  ];
}

/** A number of a table. */
export function shown(value: number | null | undefined): string {
  return value?.toFixed(3) ?? '-';
}

function withInterval(value: number | null | undefined, interval: ScoreInterval | null | undefined): string {
  if (value == null || interval == null) return shown(value);
  const [lower, upper] = [interval.lower, interval.upper].map((end) => end.toFixed(3).replace(/^0/, ''));
  return `${shown(value)} [${lower}, ${upper}]`;
}

/** What the columns mean, and why one is missing; nothing for a table without them. */
export function columnLegend(rows: readonly OodRow[], settings: UsedSettings): string[] {
  if (!hasColumns(rows)) return [];
  const { attackedOut, attackedIn, guarantee } = settings;
  const reason = rows.find(({ guaranteed }) => guaranteed?.status === 'skipped')?.guaranteed?.reason;
  return [
    'AUROC: images as they are, with its 95 % bootstrap interval over the choice of images, as of the other columns.',
    attackedOut === null
      ? 'AAUC: none (the out side was not attacked).'
      : `AAUC: the out side attacked towards high confidence by ${attackInWords(attackedOut)} a row at most; another attack may find more.`,
    guarantee === null
      ? `GAUC: none (${reason ?? 'no bound was given'}).`
      : `GAUC: the out side at what its confidence cannot exceed within ${guarantee.epsilon}, ${guarantee.samples} images a row at most; no attack can go below.`,
    ...(attackedIn === null
      ? []
      : [
          `In attacked: the in side attacked towards low confidence by ${attackInWords(attackedIn)}, the out side as it is.`,
        ]),
    'AUPR: average precision with the in-distribution positive. FPR@95: at the 5th percentile of the in-distribution, interpolated (convention "percentile").',
  ];
}

/** The AUROC of other scores, clean and attacked, as lines of text; none where there are no such. */
export function detectorLines(rows: readonly OodRow[]): string[] {
  const of = rows.filter((row) => row.detectors !== undefined);
  const names = Object.keys(of[0]?.detectors ?? {});
  if (names.length === 0) return [];
  const cells = names.map((name) => [
    name,
    ...of.flatMap(({ detectors }) => {
      const column = detectors![name]!;
      const clean = withInterval(column.auroc, column.aurocInterval);
      return [clean, withInterval(column.attackedAuroc, column.attackedInterval)];
    }),
  ]);
  const head = ['AUROC by score', ...of.flatMap(({ name }) => [name, `${name}, attacked`])];
  const notes = of.flatMap(({ name: row, detectors }) =>
    names.flatMap((name) => {
      const { reason } = detectors![name]!;
      return reason === null || reason === 'was not attacked'
        ? []
        : [`${row}, ${name}: could not be measured (${reason}).`];
    }),
  );
  return ['', ...textTable(head, cells).split('\n'), ...notes];
}

const GROUPED = [
  'meanMaxConfidence',
  'auroc',
  'attackedAuroc',
  'guaranteedAuroc',
  'inAttackedAuroc',
  'aupr',
  'fprAt95',
] as const;

/** Rows, and below them the means over near and over far sets where these are told apart. */
export function withGroups(rows: readonly OodRow[]): OodRow[] {
  const groups = (['near', 'far'] as const).flatMap((distance): OodRow[] => {
    const sets = rows.filter((row) => row.distance === distance && row.status === 'measured');
    if (sets.length === 0) return [];
    const means = GROUPED.map((field) => {
      const values = sets.map((row) => row[field]);
      const known = values.filter((value) => value != null);
      return [field, known.length < sets.length ? null : known.reduce((sum, value) => sum + value, 0) / known.length];
    });
    return [
      {
        ...sets[0]!,
        name: `${distance}, mean of ${sets.length}`,
        samples: sets.reduce((sum, { samples }) => sum + samples, 0),
        standardError: null,
        aurocInterval: null,
        inAttackedInterval: null,
        attacked: null,
        guaranteed: null,
        ...Object.fromEntries(means),
      },
    ];
  });
  return [...rows, ...groups];
}
