import * as tf from '@tensorflow/tfjs-core';
import { type Bounds, boundsAt } from '../core/bounds';
import { refuse, show } from '../core/check';
import { readNow } from '../core/readNow';
import { createRng } from '../core/rng';
import type { Forward } from './ending';

/** Random inputs at each distance. */
const INPUTS = 4;
/** How far outside the bounds, in widths of them, the last inputs reach: a linear output leaves any small interval there. */
const OUTSIDE = [10, 1e3, 1e5, 1e7, 1e12, 1e18];

/** What a model does on a few random inputs; the facts are `undefined` on webgpu, which cannot be read in time. */
export interface Probe {
  /** Numbers that the model returns for one input. */
  readonly units: number;
  /** What the values seen have in common; the bounded ones hold far outside the bounds too. */
  readonly values: 'distributions' | 'in [0, 1]' | 'in [-1, 1]' | 'unbounded' | undefined;
  /** Whether all values inside the bounds are in [0, 1]. */
  readonly mayBeProbabilities: boolean | undefined;
}

/** Runs a model on a few random inputs in the bounds and, if all it returns is small, on some far outside them. */
export function probe(whole: Forward, inputShape: readonly number[], bounds: Bounds): Probe {
  const rng = createRng('probe');
  const shape = [INPUTS, ...inputShape];
  const size = tf.util.sizeFromShape(inputShape as number[]);
  // So many widths beyond the bounds.
  const seen = (widths: number) =>
    tf.tidy(() => {
      const values = new Float32Array(INPUTS * size).map((_, i) => {
        const [low, high] = boundsAt(bounds, i % size);
        const reach = widths * (high - low);
        return low - reach + (high - low + 2 * reach) * rng.uniform();
      });
      const out: unknown = whole(tf.tensor(values, shape), false);
      return { units: unitsOf(out, INPUTS), values: readNow(out as tf.Tensor)?.slice() };
    });
  const inside = seen(0);
  const { units } = inside;
  if (inside.values === undefined) return { units, values: undefined, mayBeProbabilities: undefined };
  const near = inside.values;
  const mayBeProbabilities = near.every((v) => v >= 0 && v <= 1);
  if (units > 1 && rowsAreDistributions(near, units)) return { units, values: 'distributions', mayBeProbabilities };
  if (!near.every((v) => Math.abs(v) <= 1)) return { units, values: 'unbounded', mayBeProbabilities };
  const far: number[] = [];
  for (const widths of OUTSIDE) {
    if (far.some((v) => Math.abs(v) > 1)) break;
    try {
      far.push(...Array.from(seen(widths).values ?? []).filter(Number.isFinite));
    } catch {
      // A model that cannot be run outside its bounds, such as one that looks up a table.
    }
  }
  return { units, values: commonOf([...near, ...far], units), mayBeProbabilities };
}

/** The number of units of an output `[batch, units]`; anything else is refused. */
export function unitsOf(out: unknown, batch: number, units?: number): number {
  const fits = out instanceof tf.Tensor && out.rank === 2 && out.shape[0] === batch && out.shape[1]! >= 1;
  if (fits && (units === undefined || out.shape[1] === units)) return out.shape[1]!;
  return refuse(
    { fn: 'classifier', argument: 'model' },
    'UNSUPPORTED_MODEL',
    `a model that returns one tensor of shape [${batch}, ${units ?? 'classes'}]`,
    out instanceof tf.Tensor ? `shape [${out.shape.join(', ')}]` : show(out),
    'Return logits [batch, classes] and check `classes`.',
  );
}

function rowsAreDistributions(values: ArrayLike<number>, units: number): boolean {
  for (let row = 0; row < values.length; row += units) {
    let sum = 0;
    for (let k = 0; k < units; k++) {
      if (!(values[row + k]! >= 0)) return false;
      sum += values[row + k]!;
    }
    if (!(Math.abs(sum - 1) <= 1e-4)) return false;
  }
  return true;
}

/** A model that returns the same for all inputs says nothing of its bounds. */
function commonOf(values: readonly number[], units: number): Probe['values'] {
  if (values.every((v, i) => v === values[i % units])) return 'unbounded';
  if (values.every((v) => v >= 0 && v <= 1)) return 'in [0, 1]';
  return values.every((v) => Math.abs(v) <= 1) ? 'in [-1, 1]' : 'unbounded';
}
