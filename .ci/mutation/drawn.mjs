/**
 * Plugins of StrykerJS for a sample of the mutants. StrykerJS chooses by places in the code, and several mutants may share one;
 * a checker chooses one by one: it lets those through that were drawn. A reporter names each that lives as soon as it is known.
 */
import { readFileSync } from 'node:fs';
import { relative } from 'node:path';
import { keyOf } from './draw.mjs';

const { label, keys } = JSON.parse(readFileSync(process.env.MUTANTS_DRAWN, 'utf8'));
const drawn = new Set(keys);

const checker = {
  async init() {},
  async check(mutants) {
    return Object.fromEntries(
      mutants.map((mutant) => [
        mutant.id,
        drawn.has(keyOf(mutant)) ? { status: 'passed' } : { status: 'compileError', reason: 'not drawn' },
      ]),
    );
  },
};

/** The 95 % interval of Wilson for a share, in percent. */
function wilson(hits, trials) {
  const z2 = 1.96 ** 2;
  const centre = (hits + z2 / 2) / (trials + z2);
  const half = (1.96 / (trials + z2)) * Math.sqrt((hits * (trials - hits)) / trials + z2 / 4);
  return [centre - half, centre + half].map((share) => (100 * share).toFixed(1)).join(' to ');
}

const tally = { Killed: 0, Timeout: 0, Survived: 0, NoCoverage: 0, RuntimeError: 0 };
const total = () => Object.values(tally).reduce((sum, count) => sum + count, 0);

const reporter = {
  onMutantTested({ status, statusReason, fileName, location: { start, end }, replacement }) {
    if (!(status in tally)) return;
    tally[status]++;
    const tested = total();
    if (tested % 20 === 0) console.log(`${tested} of ${keys.length} tested`);
    if (status === 'Killed') return;
    const lines = readFileSync(fileName, 'utf8')
      .split('\n')
      .slice(start.line - 1, end.line);
    lines.push(lines.pop().slice(0, end.column - 1));
    lines[0] = lines[0].slice(start.column - 1);
    const place = `${relative('.', fileName)}:${start.line}:${start.column}`;
    const short = (code) => code.replaceAll(/\s+/g, ' ').slice(0, 100);
    console.log(`${status} ${place} ${short(lines.join(' '))} => ${short(replacement)} ${statusReason ?? ''}`);
  },
  onMutationTestReportReady() {
    const tested = total();
    if (tested < keys.length)
      console.log(
        `${keys.length - tested} of the drawn mutants were not tested: the code has changed, or runs only while it is loaded.`,
      );
    const hits = tally.Killed + tally.Timeout;
    const counts = Object.entries(tally).map(([status, count]) => `${status} ${count}`);
    console.log(`${process.env.MUTATED}: ${label}: ${counts.join(', ')}`);
    console.log(`Score ${((100 * hits) / tested).toFixed(1)} %, 95 % interval ${wilson(hits, tested)} %`);
  },
};

export const strykerPlugins = [
  { kind: 'Checker', name: 'drawn', value: checker },
  { kind: 'Reporter', name: 'drawn', value: reporter },
];
