import { readdir, readFile, writeFile } from 'node:fs/promises';
import type { Machine } from './machine';
import { OUTPUT, type Report, render } from './report';

const DOCUMENT = new URL('../../docs/benchmarks.md', import.meta.url);

/** A report as `publish` leaves it in a file. */
interface Kept extends Report {
  readonly machine: Machine;
  readonly seconds: number;
  /** When it was measured, as ISO 8601. */
  readonly date: string;
}

/** Writes `docs/benchmarks.md` from the reports in `bench/output/`, also those of earlier runs. */
export async function writeDocument(): Promise<void> {
  const names = (await readdir(OUTPUT)).filter((name) => name.endsWith('.json')).sort();
  const reports = await Promise.all(
    names.map(async (name): Promise<Kept> => JSON.parse(await readFile(new URL(name, OUTPUT), 'utf8'))),
  );
  await writeFile(DOCUMENT, `${documentOf(reports)}\n`);
  console.log(`\nWrote docs/benchmarks.md from ${names.length} reports.`);
}

function documentOf(reports: readonly Kept[]): string {
  return [
    '---\ntitle: Benchmarks\n---',
    '# Benchmarks',
    'Written by `npm run bench`; do not edit. `npm run bench -- noise` measures one of them again.',
    'Times are medians of repeats in which the contestants take turns, and ratios are taken round by round, so a slow minute of the machine hits everybody alike. A range in brackets is from the lowest to the highest round. The times themselves depend on the machine; the ratios less so.',
    summary(reports),
    ...reports.flatMap((report) => [render(report), provenance(report)]),
  ].join('\n\n');
}

/** All targets in two lists, the missed ones first. */
function summary(reports: readonly Kept[]): string {
  const targets = reports.flatMap(({ name, targets }) => targets.map((target) => ({ name, ...target })));
  const list = (met: boolean) =>
    targets
      .filter((target) => target.met === met)
      .map(({ name, text, figure }) => `- ${name}: ${text} (measured: ${figure})`)
      .join('\n') || '- none';
  return `## Targets\n\nMissed:\n\n${list(false)}\n\nReached:\n\n${list(true)}`;
}

/** Command, date, machine and versions, in one line. */
function provenance({ name, date, seconds, machine, versions = {} }: Kept): string {
  const node = `${machine.node} (${machine.fusedMultiplyAdd ? 'with' : 'without'} fused multiply-add)`;
  const software = { 'Node.js': node, 'TensorFlow.js': machine.tfjs, ...versions };
  return [
    `*\`npm run bench -- ${name}\`, ${date.slice(0, 10)}, ${seconds} s.`,
    `${machine.processor}, ${machine.cores} cores, ${machine.memoryGiB} GiB, ${machine.system}, load ${machine.load}.`,
    `${Object.entries(software)
      .map(([what, version]) => `${what} ${version}`)
      .join(', ')}.*`,
  ].join(' ');
}
