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

/** The part of the document about one benchmark. */
interface Section {
  readonly name: string;
  readonly text: string;
}

/** Writes `docs/benchmarks.md` from the reports in `bench/output/`; what it says of other benchmarks stays as it is. */
export async function writeDocument(): Promise<void> {
  const names = (await readdir(OUTPUT)).filter((name) => name.endsWith('.json'));
  const reports = await Promise.all(
    names.map(async (name): Promise<Kept> => JSON.parse(await readFile(new URL(name, OUTPUT), 'utf8'))),
  );
  const fresh = [...new Set(reports.map(({ name }) => name))].map((name) => ({
    name,
    text: textOf(reports.filter((report) => report.name === name)),
  }));
  const before = sectionsOf(await readFile(DOCUMENT, 'utf8'));
  const kept = before.filter(({ name }) => fresh.every((section) => section.name !== name));
  const sections = [...kept, ...fresh].sort((a, b) => (a.name < b.name ? -1 : 1));
  await writeFile(DOCUMENT, `${documentOf(sections)}\n`);
  console.log(`\nWrote docs/benchmarks.md: ${fresh.length} benchmarks measured here, ${kept.length} as they were.`);
}

/** What one benchmark found on the newest Node.js that it was run on, and its targets' figures on the others. */
function textOf(reports: readonly Kept[]): string {
  const version = ({ machine }: Kept) => Number.parseInt(machine.node, 10);
  const [newest, ...others] = [...reports].sort((a, b) => version(b) - version(a)) as [Kept, ...Kept[]];
  const older = others.map(({ machine, targets, date }) => {
    const figures = targets.map(({ text, figure }) => `${text}: ${figure}`).join('; ');
    return `The same on Node.js ${nodeOf(machine)}, ${date.slice(0, 10)}, load ${machine.load}: ${figures}.`;
  });
  return [render(newest), ...older, provenance(newest)].join('\n\n');
}

function nodeOf({ node, fusedMultiplyAdd }: Machine): string {
  return `${node} (${fusedMultiplyAdd ? 'with' : 'without'} fused multiply-add)`;
}

/** The sections of a document that was written before; each names its benchmark in its last line. */
function sectionsOf(document: string): Section[] {
  return document.split(/\n(?=## )/).flatMap((part) => {
    const name = part.match(/^\*`npm run bench -- (\w+)`/m)?.[1];
    return name === undefined ? [] : [{ name, text: part.trim() }];
  });
}

function documentOf(sections: readonly Section[]): string {
  return [
    '---\ntitle: Benchmarks\ngroup: Research\n---',
    '# Benchmarks',
    'Written by `npm run bench`; do not edit. `npm run bench -- noise` measures one of them again.',
    'Times are medians of repeats in which the contestants take turns, and ratios are taken round by round, so a slow minute of the machine hits everybody alike. A range in brackets is from the lowest to the highest round. The times themselves depend on the machine; the ratios less so.',
    summary(sections),
    ...sections.map(({ text }) => text),
  ].join('\n\n');
}

/** All targets in two lists, the missed ones first. */
function summary(sections: readonly Section[]): string {
  const targets = sections.flatMap(({ name, text }) =>
    [...text.matchAll(/^- (Reached|\*\*Missed\*\*): (.+)\. Measured: (.+)\.$/gm)].map(([, verdict, what, figure]) => ({
      met: verdict === 'Reached',
      line: `- ${name}: ${what} (measured: ${figure})`,
    })),
  );
  const list = (met: boolean) =>
    targets
      .filter((target) => target.met === met)
      .map(({ line }) => line)
      .join('\n') || '- none';
  return `## Targets\n\nMissed:\n\n${list(false)}\n\nReached:\n\n${list(true)}`;
}

/** Command, date, machine and versions, in one line. */
function provenance({ name, date, seconds, machine, versions = {} }: Kept): string {
  const software = { 'Node.js': nodeOf(machine), 'TensorFlow.js': machine.tfjs, ...versions };
  return [
    `*\`npm run bench -- ${name}\`, ${date.slice(0, 10)}, ${seconds} s.`,
    `${machine.processor}, ${machine.cores} cores, ${machine.memoryGiB} GiB, ${machine.system}, load ${machine.load}.`,
    `${Object.entries(software)
      .map(([what, version]) => `${what} ${version}`)
      .join(', ')}.*`,
  ].join(' ');
}
