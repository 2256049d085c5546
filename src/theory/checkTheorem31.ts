import { checkKeys, type KeysOf, refuse } from '../core/check';
import { atOnce, type Pausing } from '../core/pausing';
import { follow, type ProgressOptions } from '../core/progress';
import { haveSameRows } from '../regions/affineMap';
import { type LimitAlongRay, limitAlongRay } from '../regions/limitAlongRay';
import { readRows, type Samples } from '../regions/readRows';
import type { PiecewiseAffine } from '../regions/types';
import { checkNet } from './asymptoticConfidence';

const KEYS: KeysOf<ProgressOptions> = { onProgress: true, signal: true };

/** Two rows of V that are the same in the region that a sample's ray ends in. */
export interface IdenticalRows {
  /** Which sample, counted from 0. */
  readonly sample: number;
  /** The two classes. */
  readonly classes: readonly [number, number];
}

/** What {@link checkTheorem31} found. */
export interface CheckTheorem31Result {
  /** Whether the condition of the theorem holds in every region met: no two rows of its V are identical. */
  readonly holds: boolean;
  /** Every violation of the condition. */
  readonly identicalRows: readonly IdenticalRows[];
  /**
   * Samples whose confidence does not go to 1 although the rows differ: points of the null set that the theorem leaves out,
   * where two different rows of V agree on the largest entry of V x.
   */
  readonly exceptions: readonly number[];
}

/**
 * Whether the condition of Theorem 3.1 of arXiv 1812.05720 holds where it matters: in the linear regions that the rays
 * alpha x of these samples end in, no two rows of the matrix V are identical. Then the confidence goes to 1 on all these
 * rays, apart from `exceptions`.
 *
 * Rows that differ on x differ, so rows of V are computed (by a few backward passes for a pair) only where entries of V x
 * tie. Entries count as equal if their own rounding explains by how much they differ.
 *
 * @param net - A network read by `toPiecewiseAffine`.
 * @param samples - `[n, ...inputShape]`, or n flat lists of d numbers; none of them all zero.
 * @param options - Progress is counted in samples. The call is synchronous, so a signal must be fired in `onProgress`.
 * @throws OverconfidenceError `INVALID_ARGUMENT`, `INVALID_SHAPE`, `EMPTY_INPUT` or `NON_FINITE` for `net` or `samples`;
 *   `INVALID_ARGUMENT` for `onProgress`; `MISSING_KERNEL` for a tensor on webgpu; `ABORTED`.
 *
 * @example
 * ```ts
 * import '@tensorflow/tfjs-backend-cpu';
 * import { uniformNoise } from 'relu-overconfidence';
 * import { mlp } from 'relu-overconfidence/models';
 * import { toPiecewiseAffine } from 'relu-overconfidence/regions';
 * import { checkTheorem31 } from 'relu-overconfidence/theory';
 *
 * const net = toPiecewiseAffine(mlp({ inputShape: [4], hidden: [16, 16], classes: 3, seed: 1 }));
 * console.log(checkTheorem31(net, uniformNoise([10, 4], { seed: 1 })).holds); // true
 * ```
 */
export function checkTheorem31(
  net: PiecewiseAffine,
  samples: Samples,
  options: ProgressOptions = {},
): CheckTheorem31Result {
  const fn = 'checkTheorem31';
  checkKeys({ fn, argument: 'options' }, options, KEYS);
  checkNet(fn, 'net', net);
  const rows = readRows({ fn, argument: 'samples' }, net, samples);
  checkNoOrigin(fn, rows);
  const tell = follow(fn, options, rows.length);
  const identicalRows: IdenticalRows[] = [];
  const exceptions: number[] = [];
  for (const [sample, x] of rows.entries()) {
    tell(sample, 'samples');
    const limit = limitAlongRay(net, new Float64Array(net.inputSize), x);
    const tied = tiedPairs(limit);
    if (tied.length === 0) continue;
    const identical = atOnce(findIdentical(net, limit, tied));
    const different = tied.filter((pair) => !identical.includes(pair));
    identicalRows.push(...identical.map((classes) => ({ sample, classes })));
    const steepest = limit.slope.indexOf(limit.slope.reduce((a, b) => Math.max(a, b)));
    if (different.some((pair) => pair.every((k) => limit.sameSlope(steepest, k)))) exceptions.push(sample);
  }
  tell(rows.length, 'samples');
  return { holds: identicalRows.length === 0, identicalRows, exceptions };
}

type Pair = readonly [number, number];

/** The pairs of rows of V that are the same where a ray ends. */
function* findIdentical(net: PiecewiseAffine, limit: LimitAlongRay, tied: readonly Pair[]): Pausing<Pair[]> {
  const identical: Pair[] = [];
  for (const pair of tied) if (yield* haveSameRows(net, limit.pattern, ...pair)) identical.push(pair);
  return identical;
}

/** Whether two rows of V are the same where a ray ends; looks no further once there are two. */
export function* haveIdenticalRows(net: PiecewiseAffine, limit: LimitAlongRay): Pausing<boolean> {
  for (const pair of tiedPairs(limit)) if (yield* haveSameRows(net, limit.pattern, ...pair)) return true;
  return false;
}

function tiedPairs({ slope, sameSlope }: LimitAlongRay): Pair[] {
  const pairs: Pair[] = [];
  for (let j = 0; j < slope.length; j++)
    for (let k = j + 1; k < slope.length; k++) if (sameSlope(j, k)) pairs.push([j, k]);
  return pairs;
}

/** The origin lies on no ray. */
export function checkNoOrigin(fn: string, rows: readonly Float64Array[]): void {
  const bad = rows.findIndex((row) => row.every((value) => value === 0));
  if (bad >= 0)
    refuse(
      { fn, argument: 'samples' },
      'INVALID_ARGUMENT',
      'points other than the origin',
      `zeros at index ${bad}`,
      'alpha * 0 stays 0; leave this sample out.',
    );
}
