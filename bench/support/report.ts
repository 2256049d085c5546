import { mkdir, writeFile } from 'node:fs/promises';
import { machine } from './machine';

/** Where results go; ignored by git. */
export const OUTPUT = new URL('../output/', import.meta.url);

/** A table of texts. */
export interface Table {
  readonly title: string;
  readonly columns: readonly string[];
  readonly rows: readonly (readonly string[])[];
}

/** A figure that we set out to reach. */
export interface Target {
  readonly text: string;
  /** What came out. */
  readonly figure: string;
  readonly met: boolean;
}

/** What one benchmark found. */
export interface Report {
  /** File name of the benchmark, without ending. */
  readonly name: string;
  /** The question it answers. */
  readonly question: string;
  /** How it was measured. */
  readonly method: string;
  readonly tables: readonly Table[];
  readonly targets: readonly Target[];
  /** Anything a reader should know: rows left out, what differs between contestants. */
  readonly notes: readonly string[];
  /** The measurements themselves. */
  readonly raw: unknown;
  /** Versions of the peers. */
  readonly versions?: Readonly<Record<string, string>>;
}

/** Prints a report and writes it to `bench/output/<name>-node<version>.json`: benchmarks can be run on several versions of Node.js. */
export async function publish(report: Report): Promise<void> {
  console.log(`\n${render(report)}`);
  await mkdir(OUTPUT, { recursive: true });
  const withMachine = {
    ...report,
    machine: machine(),
    date: new Date().toISOString(),
    seconds: Math.round(performance.now() / 1000),
  };
  const file = `${report.name}-node${Number.parseInt(process.versions.node, 10)}.json`;
  await writeFile(new URL(file, OUTPUT), `${JSON.stringify(withMachine, null, 2)}\n`);
}

/** A report as Markdown, which reads well on a terminal too. */
export function render({ question, method, tables, targets, notes }: Omit<Report, 'raw'>): string {
  return [
    `## ${question}`,
    method,
    ...tables.map(renderTable),
    targets
      .map(({ text, figure, met }) => `- ${met ? 'Reached' : '**Missed**'}: ${text}. Measured: ${figure}.`)
      .join('\n'),
    ...notes,
  ]
    .filter((part) => part !== '')
    .join('\n\n');
}

function renderTable({ title, columns, rows }: Table): string {
  const widths = columns.map((column, i) => Math.max(column.length, ...rows.map((row) => row[i]!.length)));
  const line = (cells: readonly string[]) =>
    `| ${cells.map((cell, i) => (i === 0 ? cell.padEnd(widths[i]!) : cell.padStart(widths[i]!))).join(' | ')} |`;
  const rule = `|${widths.map((width, i) => `${'-'.repeat(width + 1)}${i === 0 ? '-' : ':'}`).join('|')}|`;
  return [`${title}:`, '', line(columns), rule, ...rows.map(line)].join('\n');
}
