import { refuse, show } from './check';
import { createRng, type Rng } from './rng';

/** Where a function's random numbers come from. */
export interface RandomOptions {
  /** Seed of a fresh stream; the same seed gives the same result. Ignored when `rng` is given. @defaultValue 0 */
  readonly seed?: string | number;
  /** A stream to draw from; drawing moves it on, so two calls with one stream differ. */
  readonly rng?: Rng;
}

/** The stream that was handed in, or a fresh one from the seed. */
export function resolveRng({ seed = 0, rng }: RandomOptions): Rng {
  if (rng === undefined) return createRng(seed);
  checkRng('createRng', rng);
  return rng;
}

/** A stream of random numbers, for the public function `fn`. */
export function checkRng(fn: string, rng: Rng): void {
  if (typeof rng?.integer !== 'function' || typeof rng.uniform !== 'function')
    refuse(
      { fn, argument: 'rng' },
      'INVALID_OPTION',
      'a stream of random numbers made by createRng',
      show(rng),
      'Pass `rng: createRng(0)`, or a `seed` instead.',
    );
}
