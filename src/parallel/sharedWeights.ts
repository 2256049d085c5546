import type * as tf from '@tensorflow/tfjs-core';
import type { NewWeights } from './messages';

/** The weights of the model of this process, kept where workers can read them. */
export interface SharedWeights {
  /** Reads the variables that have been assigned to since the last call and says which. */
  readonly refresh: () => Promise<NewWeights>;
  /** All weights as they were at the last refresh. */
  readonly all: () => NewWeights;
}

/** Sets aside memory for the values of `variables`, shared between threads where the platform allows it. */
export function sharedWeights(variables: readonly tf.Variable[]): SharedWeights {
  const size = variables.reduce((sum, variable) => sum + variable.size, 0);
  const values =
    typeof SharedArrayBuffer === 'undefined'
      ? new Float32Array(size)
      : new Float32Array(new SharedArrayBuffer(size * Float32Array.BYTES_PER_ELEMENT));
  // An assignment gives a variable another dataId, so equal ones mean equal values.
  const seen: (object | undefined)[] = variables.map(() => undefined);
  return {
    refresh: async () => {
      const changed: number[] = [];
      let start = 0;
      for (const [i, variable] of variables.entries()) {
        const { dataId } = variable;
        if (seen[i] !== dataId) {
          values.set(await variable.data<'float32'>(), start);
          seen[i] = dataId;
          changed.push(i);
        }
        start += variable.size;
      }
      return { kind: 'weights', values, changed };
    },
    all: () => ({ kind: 'weights', values, changed: [...variables.keys()] }),
  };
}
