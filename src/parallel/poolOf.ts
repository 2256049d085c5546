import * as tf from '@tensorflow/tfjs-core';
import type { Attack, AttackResult, PgdOptions } from '../attacks/types';
import type { LabelledData } from '../classifier/types';
import { evaluateWith } from '../evaluation/evaluateWith';
import { checkOptimizer, stepRng } from '../training/applyStep';
import type { Method } from '../training/fitTypes';
import { prepareData } from '../training/prepare';
import type { AcetOptions, GradientsResult, StepResult } from '../training/types';
import { ATTACKS, type AttackName } from './attackTable';
import { pooledAttack } from './pooledAttack';
import { pooledGradients } from './pooledGradients';
import { poolRunner } from './poolRunner';
import type { Team } from './team';
import { turns } from './turns';
import type { Stoppable, TrainingPool } from './types';

type GradientsMethod = (batch: LabelledData, options?: AcetOptions & Stoppable) => Promise<GradientsResult>;
type StepMethod = (
  optimizer: tf.Optimizer,
  batch: LabelledData,
  options?: AcetOptions & Stoppable,
) => Promise<StepResult>;
type AttackMethod = (x: tf.Tensor, options?: PgdOptions) => Promise<AttackResult>;

/** The methods of a pool over its workers. */
export function poolOf(team: Team): TrainingPool {
  const { crew, net } = team;
  const inTurn = turns();
  /** Queues work, which is refused when its turn comes after the end of the pool. */
  const queued = <T>(fn: string, work: () => Promise<T>) =>
    inTurn(() => {
      crew.check(fn);
      return work();
    });

  const gradients =
    (fn: string, method: Method): GradientsMethod =>
    (batch, { signal, ...options } = {}) =>
      queued(fn, async () => {
        prepareData(fn, net, batch, options);
        return pooledGradients(team, { fn, signal }, method, batch, options);
      });

  const step =
    (fn: string, method: Method): StepMethod =>
    (optimizer, batch, { signal, ...options } = {}) =>
      queued(fn, async () => {
        checkOptimizer(fn, optimizer);
        prepareData(fn, net, batch, options);
        const rng = stepRng(options, optimizer);
        const { grads, ...seen } = await pooledGradients(team, { fn, signal }, method, batch, { ...options, rng });
        optimizer.applyGradients(grads);
        tf.dispose(grads);
        return seen;
      });

  const attack =
    (name: AttackName): AttackMethod =>
    (x, options = {}) =>
      queued(name, () => pooledAttack(team, { fn: name, signal: options.signal }, ATTACKS[name] as Attack, x, options));

  return {
    workers: crew.size,
    plainGradients: gradients('plainGradients', 'plain'),
    cedaGradients: gradients('cedaGradients', 'ceda'),
    acetGradients: gradients('acetGradients', 'acet'),
    plainStep: step('plainStep', 'plain'),
    cedaStep: step('cedaStep', 'ceda'),
    acetStep: step('acetStep', 'acet'),
    pgdLinf: attack('pgdLinf'),
    pgdL2: attack('pgdL2'),
    apgdLinf: attack('apgdLinf'),
    maxConfidenceAttack: attack('maxConfidenceAttack'),
    evaluateOod: (options) =>
      queued('evaluateOod', () =>
        evaluateWith(poolRunner(team, { fn: 'evaluateOod', signal: options.signal }), net, options),
      ),
    dispose: crew.dispose,
  };
}
