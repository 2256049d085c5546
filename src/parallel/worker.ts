import * as tf from '@tensorflow/tfjs-core';
import { type LayersModel, models } from '@tensorflow/tfjs-layers';
import { ATTACKS } from '../attacks/attackTable';
import type { AttackStep, PgdOptions } from '../attacks/types';
import { classifierBy } from '../classifier/classifier';
import { registerNormalization } from '../classifier/normalizationLayer';
import { readLogits } from '../classifier/readLogits';
import type { Classifier } from '../classifier/types';
import { OverconfidenceError } from '../core/errors';
import { workerThreads } from '../core/nodeModules';
import { createRng, type Rng, type RngState } from '../core/rng';
import { LOSSES, lossesOf } from '../losses/headLosses';
import { objectiveGradients } from '../training/objectiveGradients';
import { enableWasmTraining } from '../wasm/enableWasmTraining';
import { type Block, takeBlock, toTensor } from './blocks';
import {
  type AttackAnswer,
  type AttackRequest,
  type ChangedVariable,
  type FromWorker,
  type GradientsAnswer,
  type GradientsRequest,
  type LogitsAnswer,
  type LogitsRequest,
  type NewWeights,
  type SetupRequest,
  type ToWorker,
  toPlainError,
  type WorkerAnswer,
  type WorkerRequest,
} from './messages';
import { allVariables, setTrainable } from './modelParts';
import type { PoolBackend } from './types';

/** The script of a worker; it is built into `dist/parallelWorker.js`. */
const port = workerThreads()?.parentPort;
if (port) {
  port.on(
    'message',
    serve((message, transfer) => port.postMessage(message, transfer)),
  );
} else {
  const answer = serve((message, transfer) => self.postMessage(message, { transfer }));
  self.addEventListener('message', (event: MessageEvent<ToWorker>) => answer(event.data));
}

/** Sends a message to the pool. */
type Say = (message: FromWorker, transfer: ArrayBuffer[]) => void;

/** The work of a worker: takes messages one after the other and answers requests. */
function serve(say: Say): (message: ToWorker) => void {
  let copy: Copy | undefined;
  let last: Promise<void> = Promise.resolve();

  const done = async (request: WorkerRequest): Promise<WorkerAnswer> => {
    if (request.kind === 'setup') {
      await workerBackend(request);
      copy = await build(request);
      return { kind: 'setup' };
    }
    if (request.kind === 'attack') return attack(copy!, request, (at) => say({ kind: 'step', at }, []));
    return request.kind === 'gradients' ? gradients(copy!, request) : logits(copy!, request);
  };
  const handle = async (message: ToWorker) => {
    try {
      if (message.kind === 'weights') load(copy!, message);
      else {
        const answer = await done(message.request);
        say({ kind: 'done', answer }, buffersOf(answer));
      }
    } catch (error) {
      say({ kind: 'failed', error: toPlainError(error) }, []);
    }
  };
  return (message) => {
    last = last.then(() => handle(message));
  };
}

/** The memory of an answer, which is handed over instead of copied. */
function buffersOf(answer: WorkerAnswer): ArrayBuffer[] {
  if (answer.kind === 'setup') return [];
  if (answer.kind === 'logits') return [answer.values.buffer as ArrayBuffer];
  const blocks =
    answer.kind === 'attack'
      ? [answer.adversarial, answer.objective]
      : [...answer.grads, ...answer.changed.map(({ value }) => value)];
  return blocks.map(({ values }) => values.buffer as ArrayBuffer);
}

const where = { fn: 'createTrainingPool', argument: 'backend' };

/** Selects the backend of this worker and makes it fit for training. */
async function workerBackend({ backend, winograd, wasmPaths }: SetupRequest): Promise<void> {
  // Without the hints for beginners, which every worker would print again.
  tf.env().set('PROD', true);
  try {
    // The imports stand inside the `try`: that is how bundlers know that a package need not be there.
    if (backend === 'cpu') await import('@tensorflow/tfjs-backend-cpu');
    else if (backend === 'webgl') await import('@tensorflow/tfjs-backend-webgl');
    else if (backend === 'webgpu') await import('@tensorflow/tfjs-backend-webgpu');
    else prepareWasm(await import('@tensorflow/tfjs-backend-wasm'), wasmPaths);
    if (!(await tf.setBackend(backend))) throw new Error('tf.setBackend could not start it');
  } catch (cause) {
    refuseBackend(backend, cause);
  }
  if (backend === 'wasm') enableWasmTraining({ winograd });
}

function prepareWasm(
  { setWasmPaths }: typeof import('@tensorflow/tfjs-backend-wasm'),
  wasmPaths: string | undefined,
): void {
  if (wasmPaths !== undefined) setWasmPaths(wasmPaths);
  // The workers are the threads; a backend that starts threads of its own in each of them would only get in their way.
  tf.env().set('WASM_HAS_MULTITHREAD_SUPPORT', false);
}

function refuseBackend(backend: PoolBackend, cause: unknown): never {
  throw new OverconfidenceError({
    ...where,
    code: 'MISSING_DEPENDENCY',
    expected: 'a backend that is installed and runs in the workers',
    got: `'${backend}', which failed (${cause instanceof Error ? cause.message : String(cause)})`,
    fix: `Run: npm install @tensorflow/tfjs-backend-${backend}${backend === 'wasm' ? ', and in browsers name the folder of its binaries in `wasmPaths`' : ''}. In Node there are 'cpu' and 'wasm'.`,
    cause,
  });
}

/** A worker's copy of the model. */
interface Copy {
  readonly model: LayersModel;
  readonly net: Classifier;
  readonly variables: readonly tf.Variable[];
}

/** Builds the model; its weights come later. */
async function build({ topology, plan }: SetupRequest): Promise<Copy> {
  registerNormalization();
  const model = await models.modelFromJSON(JSON.parse(topology));
  return { model, net: classifierBy(plan, model), variables: allVariables(model) };
}

/** Takes over new weights. */
function load({ variables }: Copy, { values, changed }: NewWeights): void {
  const isNew = new Set(changed);
  let start = 0;
  for (const [i, variable] of variables.entries()) {
    const end = start + variable.size;
    // A copy, because some backends keep the array that they are given and not all take shared memory.
    if (isNew.has(i)) tf.tidy(() => variable.assign(tf.tensor(values.slice(start, end), variable.shape)));
    start = end;
  }
}

/** Attacks some rows of a batch. */
async function attack(
  { net }: Copy,
  { attack: name, x, rows, rng: state, objective, settings, tellSteps }: AttackRequest,
  tell: (at: AttackStep) => void,
): Promise<AttackAnswer> {
  const images = toTensor(x);
  const labels = typeof objective === 'object' ? toTensor(objective.labels) : undefined;
  try {
    const rng = restored(state);
    const options: PgdOptions = {
      ...settings,
      rows,
      rng,
      ...(typeof objective === 'string' ? { objective: LOSSES[objective] } : {}),
      ...(typeof objective === 'object' ? { objective: lossesOf(objective).inLossTo(labels!, objective.classes) } : {}),
      ...(tellSteps ? { onStep: tell } : {}),
    };
    const { adversarial, objective: reached, ...counts } = ATTACKS[name](net, images, options);
    const [best, values] = [await takeBlock(adversarial), await takeBlock(reached)];
    return { kind: 'attack', adversarial: best, objective: values, ...counts, rng: rng.save() };
  } finally {
    tf.dispose([images, labels ?? []]);
  }
}

/** Differentiates the training objective on some rows of a batch. */
async function gradients({ model, net, variables }: Copy, request: GradientsRequest): Promise<GradientsAnswer> {
  const { fn, lambda, weightDecay, classWeights, share } = request;
  setTrainable(model, request.trainable);
  const before = variables.map(({ dataId }) => dataId);
  const rng = restored(request.rng);
  const result = tf.tidy(() => {
    const clean = { x: toTensor(request.x), y: toTensor(request.y) };
    const terms = { clean, lambda, weightDecay, classWeights, share, rng };
    const noise = request.noise === undefined ? {} : { noise: toTensor(request.noise) };
    return objectiveGradients(fn, net, { ...terms, ...noise, outLoss: LOSSES[request.outLoss] });
  });
  const { grads, loss, inLoss, outLoss, outConfidence } = result;
  const number = async (scalar: tf.Scalar) => (await takeBlock(scalar)).values[0]!;
  return {
    kind: 'gradients',
    loss: await number(loss),
    inLoss: await number(inLoss),
    outLoss: await number(outLoss),
    outConfidence: await number(outConfidence),
    grads: await Promise.all(net.variables.map(({ name }) => takeBlock(grads[name]!))),
    changed: await changedSince(before, variables),
    rng: rng.save(),
  };
}

/** Computes the logits of some rows. */
async function logits({ net }: Copy, { fn, x, batchSize }: LogitsRequest): Promise<LogitsAnswer> {
  const images = toTensor(x);
  try {
    const { values } = await readLogits(fn, net, images, batchSize === undefined ? {} : { batchSize });
    return { kind: 'logits', values };
  } finally {
    images.dispose();
  }
}

async function changedSince(before: readonly object[], variables: readonly tf.Variable[]): Promise<ChangedVariable[]> {
  const changed = variables.flatMap((variable, index) =>
    variable.dataId === before[index] ? [] : [{ variable, index }],
  );
  const values: Block[] = await Promise.all(changed.map(({ variable }) => takeBlock(tf.clone(variable))));
  return changed.map(({ index }, i) => ({ index, value: values[i]! }));
}

function restored(state: RngState): Rng {
  const rng = createRng(0);
  rng.restore(state);
  return rng;
}
