import type * as tf from '@tensorflow/tfjs-core';
import type { LayersModel } from '@tensorflow/tfjs-layers';
import type { AttackName } from '../attacks/attackDefaults';
import { ATTACKS } from '../attacks/attackTable';
import type { Attack, AttackResult, PgdOptions } from '../attacks/types';
import { CLASSIFIER_KEYS, classifier, isClassifier, type Plan, planOf } from '../classifier/classifier';
import type { DataLike } from '../classifier/labelledData';
import { topologyOf } from '../classifier/layersModelOf';
import type { Classifier } from '../classifier/types';
import { isLayersModel } from '../classifier/walkGraph';
import { checkFunction, checkKeys, checkOneOf, checkWhole, type KeysOf, refuse, show } from '../core/check';
import { availableParallelism, workerThreads } from '../core/nodeModules';
import { evaluateWith } from '../evaluation/evaluateOod';
import { checkOptimizer, stepRng, update } from '../training/applyStep';
import type { Method } from '../training/fitTypes';
import { checkSlots } from '../training/optimizerState';
import { ACET_KEYS, CEDA_KEYS, PLAIN_KEYS, prepare } from '../training/prepare';
import type { AcetOptions, CedaOptions, GradientsResult, PlainOptions, StepResult } from '../training/types';
import { allVariables, sharedWeights } from './modelParts';
import { pooledAttack } from './pooledAttack';
import { pooledGradients } from './pooledGradients';
import { poolRunner } from './poolRunner';
import type { NodeWorker, PoolBackend, Stoppable, TrainingPool, TrainingPoolOptions, WebWorker } from './types';
import { type Pool, startWorkers } from './workers';

/**
 * Starts workers that train, attack and evaluate a model together: threads in Node, Web Workers in browsers, each with a
 * tfjs backend and a copy of the model of its own. The model of this process stays the one that is trained. The workers read
 * its weights from shared memory where the platform has such memory, and are sent them where it has not (browsers without
 * cross-origin isolation).
 *
 * A call with a seed gives what the function of the main entry gives, up to float32 rounding (bit for bit for attacks on
 * the same backend, as far as its kernels compute each row alone). Gradients of a batch are sums over its parts,
 *
 *     grad (1/B) sum_i L(x_i) = sum_w (B_w / B) grad (1/B_w) sum_{i in part w} L(x_i),
 *
 * and that is how they are computed where it is true: batch normalisation that is not frozen needs the statistics of the
 * whole batch, and dropout draws its random numbers for the whole batch. The training pass of models with such layers, or
 * with layers that this library does not know, is therefore left to one worker; their attacks, which run in inference mode
 * and are most of the work of an ACET step, are shared out all the same. Noise is drawn in this process. Attacks, objectives
 * and `outLoss` functions of your own cannot be sent to other threads and are computed in this process too.
 *
 * Calls are done one at a time, in their order; each uses the weights as they are when its turn comes. A call that fails or
 * is aborted ends the workers that were busy with it; new ones are started when there is work again.
 *
 * @param model - A LayersModel with one input, made of layers that tfjs knows, or a Classifier that {@link classifier} has
 *   made of one, which keeps its bounds, labels and the output it reads, and the way it reads it. The model and its tensors
 *   stay yours; its layers may be frozen and thawed between calls.
 * @param options - How to work; and how to read a LayersModel, or other `bounds` or `labels` for a Classifier.
 * @returns The pool. Dispose it, and with it the workers, when the work is done; idle workers do not keep Node running.
 * @throws OverconfidenceError, by rejecting the promise: `UNSUPPORTED_MODEL` for other models and for wrappers of
 *   a Classifier that compute logits of their own; `INVALID_OPTION` for options
 *   out of range; what {@link classifier} throws; `MISSING_DEPENDENCY` if the workers cannot import the backend;
 *   `WORKER_FAILED`, with the cause, if a worker does not start. The methods throw what the functions of the same name
 *   throw, and: `WORKER_FAILED`, with the cause, if a worker ends or throws; `ABORTED`; `DISPOSED`.
 *
 * @example
 * ```ts
 * import '@tensorflow/tfjs-backend-cpu';
 * import { dispose, tensor1d, tensor2d, train } from '@tensorflow/tfjs-core';
 * import { layers, sequential } from '@tensorflow/tfjs-layers';
 * import { createTrainingPool } from 'relu-overconfidence/parallel';
 *
 * const model = sequential({ layers: [layers.dense({ inputShape: [2], units: 3 })] });
 * const batch = { x: tensor2d([[0.1, 0.9], [0.8, 0.3]]), y: tensor1d([0, 2], 'int32') };
 * const optimizer = train.adam(0.01);
 * const pool = await createTrainingPool(model, { workers: 2 });
 * for (let step = 0; step < 10; step++)
 *   dispose(await pool.acetStep(optimizer, batch, { epsilon: 0.1, steps: 5, seed: 1 }));
 * await pool.dispose();
 * ```
 */
export async function createTrainingPool(
  model: LayersModel | Classifier,
  options: TrainingPoolOptions = {},
): Promise<TrainingPool> {
  return poolOf(await startPool(model, options));
}

/** The workers alone, for callers that share out an evaluation by themselves; dispose of them in the end. */
export async function startPool(model: LayersModel | Classifier, options: TrainingPoolOptions): Promise<Pool> {
  const { workers: size, backend, winograd, wasmPaths, createWorker, net, plan } = resolvePool(model, options);
  const copied = net.layersModel!;
  const variables = allVariables(copied);
  const workers = await startWorkers('createTrainingPool', {
    size,
    setup: {
      kind: 'setup',
      backend,
      winograd,
      wasmPaths,
      topology: topologyOf(copied),
      plan,
    },
    weights: sharedWeights(variables),
    createWorker,
  });
  return { workers, model: copied, net, variables };
}

const fn = 'createTrainingPool';
const { variables: _, ...READING } = CLASSIFIER_KEYS;
const KEYS: KeysOf<TrainingPoolOptions> = {
  ...READING,
  workers: true,
  backend: true,
  winograd: true,
  wasmPaths: true,
  createWorker: true,
};

/** The options of a pool with the defaults filled in, and the model as the others describe it. */
interface ResolvedPool {
  readonly workers: number;
  readonly backend: PoolBackend;
  readonly winograd: boolean;
  readonly wasmPaths: string | undefined;
  readonly createWorker: () => NodeWorker | WebWorker;
  readonly net: Classifier;
  readonly plan: Plan;
}

/** Checks what a pool is told. */
function resolvePool(model: LayersModel | Classifier, options: TrainingPoolOptions): ResolvedPool {
  checkKeys({ fn, argument: 'options' }, options, KEYS);
  const { workers = availableParallelism(), backend = 'wasm', winograd = true, ...others } = options;
  const { wasmPaths, createWorker = startWorker, ...described } = others;
  if (!isLayersModel(model) && !(isClassifier(model) && planOf(model) !== undefined))
    refuse(
      { fn, argument: 'model' },
      'UNSUPPORTED_MODEL',
      'a LayersModel, or what classifier makes of one',
      isClassifier(model) ? 'a classifier with logits of its own' : show(model),
      'Other models cannot be copied to other threads: use the functions of the main entry.',
    );
  checkWhole({ fn, argument: 'workers' }, workers);
  checkOneOf({ fn, argument: 'backend' }, backend, ['cpu', 'wasm', 'webgl', 'webgpu']);
  checkFunction({ fn, argument: 'createWorker' }, createWorker);
  const net = classifier(model, described);
  return { workers, backend, winograd, wasmPaths, createWorker, net, plan: planOf(net)! };
}

/** The script that is built beside this one. */
const SCRIPT = './parallelWorker.js';

/**
 * Starts a worker. Bundlers for browsers know `new Worker(new URL('...', import.meta.url))`, written out like this, and
 * bundle the script; with its name in a constant it is left alone, as Node wants it.
 */
function startWorker(): NodeWorker | WebWorker {
  const threads = workerThreads();
  return threads === undefined
    ? new Worker(new URL('./parallelWorker.js', import.meta.url), { type: 'module' })
    : new threads.Worker(new URL(SCRIPT, import.meta.url));
}

type Options = AcetOptions & Stoppable;
type GradientsMethod<O> = (batch: DataLike, options?: O) => Promise<GradientsResult>;
type StepMethod<O> = (optimizer: tf.Optimizer, batch: DataLike, options?: O) => Promise<StepResult>;
type AttackMethod = (x: tf.Tensor, options?: PgdOptions) => Promise<AttackResult>;

const plainKeys: KeysOf<PlainOptions & Stoppable> = { ...PLAIN_KEYS, signal: true };
const cedaKeys: KeysOf<CedaOptions & Stoppable> = { ...CEDA_KEYS, signal: true };
const acetKeys: KeysOf<AcetOptions & Stoppable> = { ...ACET_KEYS, signal: true };

/** The methods of a pool over its workers. */
function poolOf(pool: Pool): TrainingPool {
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
