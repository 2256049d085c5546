import { checkWhole, refuse, show } from '../core/check';

/** What every builder is asked for; `rank` is the number of axes that one input may have, any when left out. */
interface Asked {
  readonly inputShape: readonly number[];
  readonly classes: number;
  readonly rank?: number;
}

/** Refuses an input shape that is no list of whole sizes, and fewer than two classes. */
export function checkModelOptions(fn: string, { inputShape, classes, rank }: Asked): void {
  const sizes: unknown = inputShape;
  const fits = Array.isArray(sizes) && sizes.length > 0 && sizes.every((size) => Number.isInteger(size) && size > 0);
  if (!fits || (rank !== undefined && sizes.length !== rank))
    refuse(
      { fn, argument: 'inputShape' },
      'INVALID_OPTION',
      `${rank ?? 'one or more'} whole sizes > 0, without the batch axis`,
      show(inputShape),
      rank === 3 ? 'Pass [height, width, channels].' : 'Pass for example `inputShape: [2]`.',
    );
  checkWhole({ fn, argument: 'classes' }, classes, 2);
}
