import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { LayersModel } from '@tensorflow/tfjs-layers';
import type { Method } from 'relu-overconfidence';
import { parseTensorBundle } from 'relu-overconfidence/datasets';
import { loadPaperCheckpoint } from 'relu-overconfidence/models';
import type { TrainingSet } from './recipes';

/** The authors' network of a method, from the one checkpoint in `<folder>/<dataset>-<method>`. */
export async function loadCheckpoint(
  folder: string,
  method: Method,
  dataset: TrainingSet = 'cifar10',
): Promise<LayersModel> {
  const at = join(folder, `${dataset}-${method}`);
  const files = (await readdir(at)).sort();
  const read = async (pattern: RegExp) => {
    const [name, ...more] = files.filter((file) => pattern.test(file));
    if (name === undefined || more.length > 0) throw new Error(`${at} must hold one checkpoint: one file ${pattern}`);
    return readFile(join(at, name));
  };
  return loadPaperCheckpoint(parseTensorBundle(await read(/\.index$/), await read(/\.data-00000-of-00001$/)));
}
