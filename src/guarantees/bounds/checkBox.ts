import { refuse } from '../../core/check';
import { checkVector } from '../../regions/checkVector';
import type { PiecewiseAffine } from '../../regions/types';
import type { Interval } from './interval';

/** Two vectors of the input, the lower one nowhere above the upper one, copied to float64. */
export function checkBox(
  fn: string,
  net: PiecewiseAffine,
  lower: ArrayLike<number>,
  upper: ArrayLike<number>,
): Interval {
  const low = checkVector({ fn, argument: 'lower' }, net, lower);
  const high = checkVector({ fn, argument: 'upper' }, net, upper);
  const wrong = low.findIndex((value, i) => value > high[i]!);
  if (wrong >= 0)
    refuse(
      { fn, argument: 'upper' },
      'OUT_OF_BOUNDS',
      'nowhere below `lower`',
      `${high[wrong]} where \`lower\` is ${low[wrong]} (entry ${wrong})`,
      'Swap the two.',
    );
  return { lower: low, upper: high };
}
