import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { LayersModel } from '@tensorflow/tfjs-layers';
import type { Method } from 'relu-overconfidence';
import { loadCheckpoint } from './checkpoint';
import { loadModel } from './modelFiles';
import type { Preset, TrainingSet } from './recipes';

/** The networks that are measured: the authors' own, or those that `train` made. */
export type Networks =
  | { readonly from: 'checkpoints'; readonly folder: string; readonly dataset: TrainingSet }
  | { readonly from: 'training'; readonly output: string; readonly dataset: TrainingSet; readonly preset: Preset };

/** A network, and what is kept with its results so that those of other weights are not taken for its own. */
export interface Network {
  readonly model: LayersModel;
  readonly identity: { readonly weights?: string };
}

/** Loads the network of a method; the caller owns it. The authors' checkpoints are always the same, and need no identity. */
export async function loadNetwork(networks: Networks, method: Method): Promise<Network> {
  if (networks.from === 'checkpoints')
    return { model: await loadCheckpoint(networks.folder, method, networks.dataset), identity: {} };
  const folder = trainingFolder(networks, method);
  const weights = await readFile(join(folder, 'weights.bin')).catch(() => {
    throw new Error(`${folder} holds no trained network; run "train --method ${method}" first.`);
  });
  return {
    model: await loadModel(folder),
    identity: { weights: createHash('sha256').update(weights).digest('hex').slice(0, 16) },
  };
}

/** Where the training of a method is, and its network. */
export function trainingFolder(
  { output, dataset, preset }: { readonly output: string; readonly dataset: TrainingSet; readonly preset: Preset },
  method: Method,
): string {
  return join(output, 'models', `${dataset}-${method}-${preset}`);
}

/** Where results of the networks go. */
export function resultsFolder(networks: Networks, output: string): string {
  return join(output, networks.from === 'checkpoints' ? networks.dataset : `${networks.dataset}-${networks.preset}`);
}
