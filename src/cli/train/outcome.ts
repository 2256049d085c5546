import { textTable } from '../../core/textTable';
import type { FineTuneMeasurement, FineTuneRecord, FineTuneResult } from '../../training/fineTune/types';
import { percent } from '../print/text';

/** One measurement on the way. */
export function checkLine({ update, error, ...record }: FineTuneRecord, updates: number): string {
  const [data, noise, attacked] = [record.confidence, record.noise, record.attackedNoise].map((c) => c.toFixed(3));
  return `update ${update} of ${updates} at most: error ${percent(error)}, mean confidence on data ${data}, on noise ${noise}, on attacked noise ${attacked}`;
}

/** What has changed, as a table. */
export function beforeAndAfter({ before, after }: FineTuneResult): string {
  const row = (name: string, of: (measurement: FineTuneMeasurement) => string) => [name, of(before), of(after)];
  return textTable(
    ['', 'before', 'after'],
    [
      row('error', ({ error }) => percent(error)),
      row('mean confidence on data', ({ confidence }) => confidence.toFixed(3)),
      row('on noise', ({ noise }) => noise.toFixed(3)),
      row('on attacked noise', ({ attackedNoise }) => attackedNoise.toFixed(3)),
    ],
  );
}

/** Confidence on noise that is still too much, and what it may fall by on data. */
const [HIGH, FALL] = [0.3, 0.2];

/** What to do next, by what was seen. */
export function adviceAfter({ outcome, before, after, best, updates, checks }: FineTuneResult): string[] {
  if (outcome !== 'improved') return [];
  const falling = best === checks.at(-1)?.update;
  return [
    ...(after.noise > HIGH ? ['Noise itself still convinces it: try a larger --lambda, such as 2.'] : []),
    ...(after.noise <= HIGH && after.attackedNoise > HIGH
      ? [
          falling
            ? `Attacked noise still convinces it, and confidence was falling to the end: try --updates ${2 * updates}, or --layers all.`
            : 'Attacked noise still convinces it: try a smaller --learning-rate with more --updates, or --layers all.',
        ]
      : []),
    ...(before.confidence - after.confidence > FALL
      ? ['It has become less sure of your data too: a smaller --epsilon or --lambda takes less of that.']
      : []),
  ];
}
