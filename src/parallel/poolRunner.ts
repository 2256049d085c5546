import * as tf from '@tensorflow/tfjs-core';
import { checkWhole } from '../core/check';
import type { Runner } from '../evaluation/runner';
import { joinValues, readBlock, sliceRows, splitRows } from './blocks';
import type { LogitsTask } from './messages';
import { pooledAttack } from './pooledAttack';
import type { Calling, Team } from './team';

/** Does the heavy work of an evaluation on the workers. */
export function poolRunner(team: Team, calling: Calling): Runner {
  const { crew } = team;
  return {
    attack: async (attack, _, images, options) => {
      const { adversarial, objective } = await pooledAttack(team, calling, attack, images, options);
      objective.dispose();
      return adversarial === images ? tf.clone(adversarial) : adversarial;
    },
    logits: async (fn, { classes }, x, { batchSize }) => {
      if (batchSize !== undefined) checkWhole({ fn, argument: 'batchSize' }, batchSize);
      const block = await readBlock(x);
      const count = x.shape[0]!;
      const tasks = splitRows(count, crew.size).map(
        (part): LogitsTask => ({ kind: 'logits', fn, x: sliceRows(block, part), batchSize }),
      );
      const shards = await crew.run(fn, tasks, calling);
      return { values: joinValues(shards.map(({ values }) => values)), classes, count };
    },
  };
}
