import { digits, range } from './format';
import type { Samples } from './interleave';
import { median, ratio } from './stats';

/** Milliseconds of both passes of a contestant, and how many times as long as ours they took in the same round. */
export function passRow(samples: Samples, ours: string, name: string): string[] {
  return [
    name,
    ...['forward', 'gradient'].flatMap((pass) => {
      const times = samples[`${name}: ${pass}`]!;
      return [digits(median(times)), range(ratio(times, samples[`${ours}: ${pass}`]!))];
    }),
  ];
}
