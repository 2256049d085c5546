import * as tf from '@tensorflow/tfjs-core';
import { checkWhole } from '../core/check';
import type { Runner } from '../evaluation/runner';
import { joinValues, readBlock, sliceRows, splitRows } from './blocks';
import type { LogitsRequest } from './messages';
import { pooledAttack } from './pooledAttack';
import type { Call, Pool } from './workers';

/** Does the heavy work of an evaluation on the workers. */
export function poolRunner(pool: Pool, call: Call): Runner {
  const { workers } = pool;
  return {
    attack: async (attack, _, images, options) => {
      const { objective, ...found } = await pooledAttack(pool, call, attack, images, options);
      objective.dispose();
      return found.adversarial === images ? { ...found, adversarial: tf.clone(images) } : found;
    },
    logits: async (fn, { classes, head = 'softmax' }, x, { batchSize }) => {
      if (batchSize !== undefined) checkWhole({ fn, argument: 'batchSize' }, batchSize);
      const block = await readBlock(x);
      const count = x.shape[0]!;
      const requests = splitRows(count, workers.size).map(
        (part): LogitsRequest => ({ kind: 'logits', fn, x: sliceRows(block, part), batchSize }),
      );
      const answers = await workers.run(fn, requests, call);
      return { values: joinValues(answers.map(({ values }) => values)), classes, count, head };
    },
  };
}
