import { version } from '../../../package.json';
import { OverconfidenceError } from '../../core/errors';
import { oodSources } from '../../evaluation/oodSources';
import { resolveOptions } from '../../evaluation/resolveOptions';
import { usedSettings } from '../../evaluation/usedSettings';
import { toPiecewiseAffine } from '../../regions/toPiecewiseAffine';
import type { Values } from '../args/optionTable';
import { onlyModel, seedOf, whole } from '../args/read';
import type { Arguments } from '../command';
import type { Io } from '../io';
import { type LoadedModel, loadModel } from '../load/loadModel';
import { modelSettings } from '../load/modelSettings';
import { startBackend } from '../load/startBackend';
import { blankImage } from './images';
import { auditRows, evaluationRows } from './noiseSettings';
import { rayTask } from './rayTask';
import type { RunFacts } from './record';
import { sourceTask } from './sourceTask';
import { startRunner } from './startRunner';
import type { Task } from './task';

/** A run that may begin. */
export interface Prepared {
  readonly run: RunFacts;
  readonly tasks: readonly Task[];
  /** Ends the workers, if there are any. */
  readonly dispose: () => Promise<void>;
}

/** Loads model and data and lays out what is to be measured; whatever cannot work is refused here. */
export async function prepare(
  { signal }: Io,
  { files, values }: Arguments,
  command: RunFacts['command'],
): Promise<Prepared> {
  const written = onlyModel(files);
  const backend = await startBackend(values);
  const model = await loadModel(written, modelSettings(values));
  const net = model.classifier;
  const { x, labels, facts } = blankImage(net);
  const rows =
    command === 'audit' ? auditRows(net, values, labels !== undefined) : evaluationRows(net, values, x.shape[0]!);
  const resolved = resolveOptions({ in: { x, y: x }, ...rows }, net);
  const rays = command === 'audit' ? rayTasks(model, values, signal) : { tasks: [], notes: [] };
  const { runner, dispose } = await startRunner(model, values, backend);
  const sources = oodSources(runner, net, x, labels ?? new Int32Array(1), resolved);
  const measured = sources
    .filter(({ kind }) => kind !== 'in' || labels !== undefined)
    .map((source) => sourceTask(runner, net, source, source.kind === 'in' ? labels : source.labels, signal));
  const { path, kind, sha256 } = model.file;
  const { inputShape, classes, bounds } = net;
  return {
    run: {
      command,
      version,
      model: { file: path, sha256, kind, inputShape, classes, bounds, outputs: model.outputs },
      data: facts === undefined ? {} : { 'in-distribution': facts },
      backend,
      settings: usedSettings(resolved),
      notes: rays.notes,
    },
    tasks: [...measured, ...rays.tasks],
    dispose,
  };
}

/** The rays of a ReLU network, or a note why there are none. */
function rayTasks(
  { layers, classifier }: LoadedModel,
  values: Values,
  signal: AbortSignal,
): { tasks: Task[]; notes: string[] } {
  const rays = whole(values, 'rays', 100, 0);
  if (rays === 0) return { tasks: [], notes: [] };
  if (layers === undefined)
    return {
      tasks: [],
      notes: ['No rays: the linear regions of a GraphModel cannot be read; a LayersModel has them.'],
    };
  try {
    const question = { rays, seed: seedOf(values), bounds: classifier.bounds };
    return { tasks: [rayTask(toPiecewiseAffine(layers), question, signal)], notes: [] };
  } catch (error) {
    if (!(error instanceof OverconfidenceError)) throw error;
    return { tasks: [], notes: [`No rays: the network cannot be read as piecewise linear (${error.got}).`] };
  }
}
