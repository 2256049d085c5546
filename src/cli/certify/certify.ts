import { writeFile } from 'node:fs/promises';
import { dispose, slice, type Tensor } from '@tensorflow/tfjs-core';
import { progressClock } from '../../core/progress';
import { textTable } from '../../core/textTable';
import { confidenceSandwich } from '../../guarantees/sandwich/confidenceSandwich';
import { meanMaxConfidence } from '../../metrics/meanMaxConfidence';
import { uniformNoise } from '../../noise/uniformNoise';
import type { Values } from '../args/options';
import { number, oneOf, onlyModel, seedOf, text, whole } from '../args/read';
import { CliError } from '../cliError';
import { type Arguments, EXIT, type ExitCode } from '../command';
import { type NamedModel, readLabelled } from '../data/readImages';
import type { Io } from '../io';
import { loadModel, modelSettings } from '../load/loadModel';
import { startBackend } from '../load/startBackend';
import { progressLine } from '../print/progressLine';
import { deliveryOf } from '../result/deliver';

const NOISE = 'uniform noise';

/** A row: the mean over its images of what an attack reached, and of what no attack can exceed. */
interface Certified {
  readonly name: string;
  readonly samples: number;
  readonly meanAttacked: number;
  readonly meanBound: number;
  readonly largestBound: number;
}

/** Bounds the confidence of a network near noise and near data. */
export async function certify({ stdout, stderr }: Io, { files, values }: Arguments): Promise<ExitCode> {
  const written = onlyModel(files);
  const { maxMmc, json } = await deliveryOf(values);
  const method = oneOf(values, 'method', ['crown', 'interval'] as const, 'crown');
  const backend = await startBackend(values);
  const model = await loadModel(written, modelSettings(values));
  const { layers, classifier: net, file } = model;
  if (layers === undefined)
    throw new CliError('A GraphModel cannot be certified.', 'Pass the LayersModel that it was converted from.');
  const [low, high] = net.bounds;
  const epsilon = number(values, 'epsilon', (high - low) / 100, 1e-9, high - low);
  const { sets, notes: ofData } = await imagesOf(model, values);
  const notes = [...model.notes, ...ofData];
  const line = progressLine(stderr, values.progress === true);
  const clock = progressClock(sets.reduce((sum, [, x]) => sum + x.shape[0]!, 0));
  const rows: Certified[] = [];
  let before = 0;
  for (const [name, x] of sets) {
    const onProgress = ({ done }: { done: number }) => line.show(clock(before + done, name));
    const found = await confidenceSandwich(net, x, epsilon, { method, seed: seedOf(values), onProgress });
    before += x.shape[0]!;
    dispose(x);
    rows.push({
      name,
      samples: found.certified.length,
      meanAttacked: meanMaxConfidence(found.attack),
      meanBound: meanMaxConfidence(found.certified),
      largestBound: found.certified.reduce((a, b) => Math.max(a, b)),
    });
  }
  line.clear();
  const { sha256, path } = file;
  const result = {
    format: 'relu-overconfidence certificate 1',
    model: { file: path, sha256 },
    epsilon,
    method,
    backend,
    rows,
    notes,
  };
  const serialised = `${JSON.stringify(result, undefined, 2)}\n`;
  stdout.write(json === '-' ? serialised : `${[inWords(rows, epsilon), ...notes].join('\n\n')}\n`);
  if (json !== undefined && json !== '-') await writeFile(json, serialised);
  const broken = maxMmc !== undefined && rows.some(({ name, meanBound }) => name === NOISE && !(meanBound <= maxMmc));
  return broken ? EXIT.broken : EXIT.fine;
}

async function imagesOf(
  model: NamedModel,
  values: Values,
): Promise<{ sets: [string, Tensor][]; notes: readonly string[] }> {
  const net = model.classifier;
  const samples = whole(values, 'samples', 20);
  const folder = text(values, 'data');
  const noise = uniformNoise([samples, ...net.inputShape], { seed: seedOf(values), bounds: net.bounds });
  if (folder === undefined) return { sets: [[NOISE, noise]], notes: [] };
  const { x, notes } = await readLabelled(folder, { part: text(values, 'part'), usual: 'test' }, model);
  const first = slice(x, 0, Math.min(samples, x.shape[0]!));
  dispose(x);
  return {
    sets: [
      ['in-distribution', first],
      [NOISE, noise],
    ],
    notes,
  };
}

function inWords(rows: readonly Certified[], epsilon: number): string {
  const noise = rows.find(({ name }) => name === NOISE)!;
  const cells = rows.map(({ name, samples, ...means }) => [
    name,
    ...[means.meanAttacked, means.meanBound, means.largestBound].map((value) => value.toFixed(3)),
    String(samples),
  ]);
  const head = ['', 'attacked', 'at most', 'largest bound', 'images'];
  return `No attack that changes each value of uniform noise by ${epsilon} or less can raise its mean confidence above ${noise.meanBound.toFixed(3)}.\n\n${textTable(head, cells)}`;
}
