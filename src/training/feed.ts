import * as tf from '@tensorflow/tfjs-core';
import { type DataLike, labelledData } from '../classifier/labelledData';
import type { LabelledData } from '../classifier/types';
import { disposeBatch, isStream, readBatches } from '../core/batches';
import { refuse } from '../core/check';
import type { Rng } from '../core/rng';
import type { Loop } from './checkFit';
import { checkLabelled } from './prepare';

const WHERE = { fn: 'fit', argument: 'data' };

/** Where a training's batches come from. */
export interface Feed {
  /** The batch of a step, counted over the whole training; steps come in order. The caller owns it. */
  batch(step: number): Promise<LabelledData>;
  /** Ends the reading. */
  close(): Promise<void>;
}

/** The batches of data in memory, in an order for each epoch that `rng` names, or those of a stream, as they come. */
export function feedOf(loop: Loop, rng: Rng, signal: AbortSignal | undefined): Feed {
  const { data } = loop;
  return isStream<DataLike>(data) ? streamed(loop, data, signal) : picked(loop, data, rng);
}

function picked({ batchSize, stepsPerEpoch }: Loop, { x, y }: LabelledData, rng: Rng): Feed {
  return {
    batch: async (step) => {
      const order = rng
        .fork('order')
        .fork(Math.floor(step / stepsPerEpoch))
        .permutation(x.shape[0]!);
      const start = (step % stepsPerEpoch) * batchSize;
      return tf.tidy(() => {
        const rows = tf.tensor1d(order.subarray(start, start + batchSize), 'int32');
        return { x: tf.gather(x, rows), y: tf.gather(y, rows) };
      });
    },
    close: async () => {},
  };
}

/** Every epoch begins the stream anew, and a training that goes on inside an epoch passes over the batches before. */
function streamed(
  { net, stepsPerEpoch }: Loop,
  data: Parameters<typeof readBatches<DataLike>>[1],
  signal: AbortSignal | undefined,
): Feed {
  let reading: AsyncGenerator<DataLike, void, undefined> | undefined;
  let next = 0;
  const pull = async (): Promise<DataLike> => {
    const { value, done } = await reading!.next();
    if (done)
      refuse(
        WHERE,
        'EMPTY_INPUT',
        `a stream of ${stepsPerEpoch} batches in every epoch, as \`stepsPerEpoch\` says`,
        `one that ended after ${next % stepsPerEpoch}, in epoch ${Math.floor(next / stepsPerEpoch) + 1}`,
        'Lower `stepsPerEpoch`, or repeat the data. A generator can be read only once: pass an object that makes a new one each time.',
      );
    next++;
    return value;
  };
  return {
    batch: async (step) => {
      if (step % stepsPerEpoch === 0 || reading === undefined) {
        await reading?.return();
        reading = readBatches(WHERE, data, signal);
        next = step - (step % stepsPerEpoch);
      }
      while (next < step) disposeBatch(await pull());
      const given = await pull();
      try {
        const batch = labelledData(WHERE, given);
        checkLabelled('fit', net, batch);
        return batch;
      } catch (error) {
        disposeBatch(given);
        throw error;
      }
    },
    close: async () => {
      await reading?.return();
    },
  };
}
