import { pgdLinf } from '../../attacks/pgdLinf';
import { type Runner, thisProcess } from '../../evaluation/runner';
import type { TrainingPool } from '../../parallel/types';

/** Attacks on the workers of a pool, with the results that this thread would have. */
export function workerRunner(pool: TrainingPool): Runner {
  return {
    ...thisProcess,
    attack: async (attack, _, images, options) => {
      const pooled = attack === pgdLinf ? pool.pgdLinf : pool.maxConfidenceAttack;
      const { adversarial, objective } = await pooled(images, options);
      objective.dispose();
      return adversarial;
    },
  };
}
