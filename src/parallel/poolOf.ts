import type * as tf from '@tensorflow/tfjs-core';
import type { AttackName } from '../attacks/attackDefaults';
import { ATTACKS } from '../attacks/attackTable';
import type { Attack, AttackResult, PgdOptions } from '../attacks/types';
import type { DataLike } from '../classifier/labelledData';
import type { KeysOf } from '../core/checkKeys';
import { evaluateWith } from '../evaluation/evaluateOod';
import { checkOptimizer, stepRng, update } from '../training/applyStep';
import type { Method } from '../training/fitTypes';
import { checkSlots } from '../training/optimizerState';
import { ACET_KEYS, CEDA_KEYS, PLAIN_KEYS, prepare } from '../training/prepare';
import type { AcetOptions, CedaOptions, GradientsResult, PlainOptions, StepResult } from '../training/types';
import { pooledAttack } from './pooledAttack';
import { pooledGradients } from './pooledGradients';
import { poolRunner } from './poolRunner';
import type { Stoppable, TrainingPool } from './types';
import type { Pool } from './workers';

type Options = AcetOptions & Stoppable;
type GradientsMethod<O> = (batch: DataLike, options?: O) => Promise<GradientsResult>;
type StepMethod<O> = (optimizer: tf.Optimizer, batch: DataLike, options?: O) => Promise<StepResult>;
type AttackMethod = (x: tf.Tensor, options?: PgdOptions) => Promise<AttackResult>;

const plainKeys: KeysOf<PlainOptions & Stoppable> = { ...PLAIN_KEYS, signal: true };
const cedaKeys: KeysOf<CedaOptions & Stoppable> = { ...CEDA_KEYS, signal: true };
const acetKeys: KeysOf<AcetOptions & Stoppable> = { ...ACET_KEYS, signal: true };

/** The methods of a pool over its workers. */
export function poolOf(pool: Pool): TrainingPool {
  const { workers, net } = pool;
  const inTurn = turns();
  /** Queues work, which is refused when its turn comes after the end of the pool. */
  const queued = <T>(fn: string, work: () => Promise<T>) =>
    inTurn(() => {
      workers.check(fn);
      return work();
    });

  const prepared = <O extends Options>(fn: string, keys: KeysOf<O>, batch: DataLike, given: O | undefined) => {
    const { clean } = prepare(fn, keys, net, batch, given ?? ({} as O));
    const { signal, ...options }: Options = given ?? {};
    return { clean, options, signal };
  };

  const gradients =
    <O extends Options>(fn: string, method: Method, keys: KeysOf<O>): GradientsMethod<O> =>
    (batch, given) =>
      queued(fn, async () => {
        const { clean, options, signal } = prepared(fn, keys, batch, given);
        return pooledGradients(pool, { fn, signal }, method, clean, options);
      });

  const step =
    <O extends Options>(fn: string, method: Method, keys: KeysOf<O>): StepMethod<O> =>
    (optimizer, batch, given) =>
      queued(fn, async () => {
        checkOptimizer(fn, optimizer);
        const { clean, options, signal } = prepared(fn, keys, batch, given);
        checkSlots(fn, optimizer, net.variables);
        const rng = stepRng(options, optimizer);
        return update(optimizer, await pooledGradients(pool, { fn, signal }, method, clean, { ...options, rng }));
      });

  const attack =
    (name: AttackName): AttackMethod =>
    (x, options = {}) =>
      queued(name, () => pooledAttack(pool, { fn: name, signal: options.signal }, ATTACKS[name] as Attack, x, options));

  return {
    workers: workers.size,
    plainGradients: gradients('plainGradients', 'plain', plainKeys),
    cedaGradients: gradients('cedaGradients', 'ceda', cedaKeys),
    acetGradients: gradients('acetGradients', 'acet', acetKeys),
    plainStep: step('plainStep', 'plain', plainKeys),
    cedaStep: step('cedaStep', 'ceda', cedaKeys),
    acetStep: step('acetStep', 'acet', acetKeys),
    pgdLinf: attack('pgdLinf'),
    pgdL2: attack('pgdL2'),
    apgdLinf: attack('apgdLinf'),
    maxConfidenceAttack: attack('maxConfidenceAttack'),
    evaluateOod: (options) =>
      queued('evaluateOod', () =>
        evaluateWith(poolRunner(pool, { fn: 'evaluateOod', signal: options.signal }), net, options),
      ),
    dispose: workers.dispose,
  };
}

/** Lets asynchronous work be done one at a time, in the order in which it was asked for. */
function turns(): <T>(work: () => Promise<T>) => Promise<T> {
  let last: Promise<unknown> = Promise.resolve();
  return (work) => {
    const mine = last.then(work);
    last = mine.catch(() => {});
    return mine;
  };
}
