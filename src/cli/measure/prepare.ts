import { basename, resolve } from 'node:path';
import { version } from 'relu-overconfidence/package.json';
import { OverconfidenceError } from '../../core/errors';
import { oodSources } from '../../evaluation/oodSources';
import { resolveOptions } from '../../evaluation/resolveOptions';
import { IN_DISTRIBUTION } from '../../evaluation/rowNames';
import { usedSettings } from '../../evaluation/usedSettings';
import { toPiecewiseAffine } from '../../regions/toPiecewiseAffine';
import type { Values } from '../args/optionTable';
import { needed, onlyModel, seedOf, text, texts, whole } from '../args/read';
import { CliError } from '../cliError';
import type { Arguments } from '../command';
import type { WantedPart } from '../data/readFolder';
import { readImages, readLabelled } from '../data/readImages';
import { type LoadedModel, loadModel } from '../load/loadModel';
import { modelSettings } from '../load/modelSettings';
import { startBackend } from '../load/startBackend';
import { blankImage, type Images } from './images';
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
  { files, values }: Arguments,
  command: RunFacts['command'],
  signal: AbortSignal,
): Promise<Prepared> {
  const written = onlyModel(files);
  const part = { part: text(values, 'part'), usual: 'test' } as const;
  const folder = command === 'evaluate' ? needed(values, 'data', 'FOLDER') : text(values, 'data');
  const backend = await startBackend(values);
  const model = await loadModel(written, modelSettings(values));
  const net = model.classifier;
  const { x, labels, facts, notes } = folder === undefined ? blankImage(net) : await readLabelled(folder, part, model);
  const others = await readOthers(texts(values, 'ood'), part, model);
  const rows =
    command === 'audit' ? auditRows(net, values, labels !== undefined) : evaluationRows(net, values, x.shape[0]!);
  const out = Object.fromEntries([...others].map(([name, images]) => [name, images.x]));
  const data = [[IN_DISTRIBUTION, facts] as const, ...[...others].map(([name, other]) => [name, other.facts] as const)];
  const resolved = resolveOptions({ in: { x, y: x }, out, ...rows }, net);
  const rays = command === 'audit' ? rayTasks(model, values, signal) : { tasks: [], notes: [] };
  const { runner, dispose } = await startRunner(model, values, backend);
  const tasks = oodSources(runner, net, x, labels ?? new Int32Array(1), resolved)
    .filter(({ kind }) => kind !== 'in' || labels !== undefined)
    .map((source) => sourceTask(runner, net, source, source.kind === 'in' ? labels : source.labels, signal));
  const { path, kind, sha256 } = model.file;
  const { inputShape, classes, bounds } = net;
  return {
    run: {
      command,
      version,
      model: { file: path, sha256, kind, inputShape, classes, bounds, outputs: model.outputs },
      data: Object.fromEntries(data.flatMap(([name, known]) => (known === undefined ? [] : [[name, known]]))),
      backend,
      settings: usedSettings(resolved),
      notes: [...notes, ...[...others.values()].flatMap((other) => other.notes), ...rays.notes],
    },
    tasks: [...tasks, ...rays.tasks],
    dispose,
  };
}

/** Images of other kinds, each by the name of its folder. */
async function readOthers(
  folders: readonly string[],
  part: WantedPart,
  model: LoadedModel,
): Promise<Map<string, Images>> {
  const others = new Map<string, Images>();
  for (const folder of folders) {
    const name = basename(resolve(folder));
    if (others.has(name)) throw new CliError(`Two folders of --ood are called ${name}.`, 'Rename one of them.');
    others.set(name, await readImages(folder, part, model));
  }
  return others;
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
    if (error.code === 'UNSUPPORTED_MODEL')
      return { tasks: [], notes: [`No rays: the network cannot be read as piecewise linear (${error.got}).`] };
    if (error.code === 'MISSING_KERNEL')
      return { tasks: [], notes: ['No rays: on webgpu the network cannot be read; wasm and cpu have them.'] };
    throw error;
  }
}
