import type { Measurement } from '../../evaluation/measureBlocks';
import { ADVERSARIAL_NOISE, ADVERSARIAL_SAMPLES, columnName, type ResolvedOptions } from '../../evaluation/oodOptions';
import type { RunFacts } from './runRecord';

/** What is not measured, named to be seen to be missing. */
function skipped(name: string, kind: Measurement['kind'], why: string): Measurement {
  return { name, kind, samples: 0, blockSize: 1, cost: 0, required: false, skipped: why, run: async () => ({}) };
}

/** Rows of attacks that the user does not want. */
export function skippedRows(
  command: RunFacts['command'],
  { adversarialNoise, adversarialSamples, protocol }: ResolvedOptions,
): Measurement[] {
  const none = '--attacked 0';
  const samples = protocol === 'worst-case' ? 'the worst case is about confidence, not about the class' : none;
  return [
    ...(adversarialNoise === undefined ? [skipped(ADVERSARIAL_NOISE, 'adversarialNoise', none)] : []),
    ...(adversarialSamples === undefined && command === 'evaluate'
      ? [skipped(ADVERSARIAL_SAMPLES, 'adversarialSamples', samples)]
      : []),
  ];
}

/** The guaranteed columns where there are none, of every row that would have one. */
export function missingGuarantees(rows: readonly Measurement[], why: string): Measurement[] {
  return rows
    .filter(({ kind }) => kind === 'out' || kind === 'noise')
    .map(({ name }) => skipped(columnName(name, 'guaranteed'), 'guaranteed', why));
}
