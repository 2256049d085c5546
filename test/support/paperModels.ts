import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { LayersModel } from '@tensorflow/tfjs-layers';
import { parseIdx, parseTensorBundle } from '../../src/datasets';
import { loadPaperCheckpoint } from '../../src/models';

/** The three ways in which the authors trained their CIFAR-10 networks. */
export type Method = 'plain' | 'ceda' | 'acet';

/** What the authors' networks answer, by an independent float64 implementation. */
export interface PaperReference {
  /** Logits of the first 16 images of `paperImages`. */
  readonly logits: readonly (readonly number[])[];
  /** For the first two of them the gradient of max_l log p_l with respect to the image, `[32, 32, 3]`. */
  readonly gradient_of_max_log_p: readonly (readonly (readonly (readonly number[])[])[])[];
}

const { RELU_MODELS, RELU_DATA } = process.env;

/** Whether the authors' weights and the images that go with them are at hand; says loudly where they are not. */
export const hasPaperModels = RELU_MODELS !== undefined && RELU_DATA !== undefined;
if (!hasPaperModels)
  console.warn(
    "\n*** SKIPPED: tests with the authors' weights. Set RELU_MODELS and RELU_DATA to the folders that hold them. ***\n",
  );

const file = (folder: string | undefined, ...path: string[]) => readFile(join(folder!, ...path));

/** One of the authors' CIFAR-10 networks; the caller owns it. */
export async function loadPaperModel(method: Method): Promise<LayersModel> {
  const folder = `cifar10-${method}`;
  return loadPaperCheckpoint(
    parseTensorBundle(
      await file(RELU_MODELS, folder, 'model.ckpt-100.index'),
      await file(RELU_MODELS, folder, 'model.ckpt-100.data-00000-of-00001'),
    ),
  );
}

export async function paperReference(method: Method): Promise<PaperReference> {
  return JSON.parse((await file(RELU_MODELS, 'reference.json')).toString())[method];
}

/** The first images of the CIFAR-10 test set in [0, 1], `[count, 32, 32, 3]` row-major. */
export async function paperImages(count: number): Promise<Float32Array> {
  const { data } = await parseIdx(await file(RELU_DATA, 'cifar10', 'test-exact1017-images.idx.gz'));
  return Float32Array.from(data.subarray(0, count * 32 * 32 * 3), (value) => value / 255);
}
