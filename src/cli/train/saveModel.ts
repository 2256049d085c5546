import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { io } from '@tensorflow/tfjs-core';
import type { LayersModel } from '@tensorflow/tfjs-layers';

const WEIGHTS = 'weights.bin';

/** Writes `model.json` and its weights into a folder, as `model.save('file://...')` of tfjs-node does, and gives its path. */
export async function saveModel(model: LayersModel, folder: string): Promise<string> {
  const file = join(folder, 'model.json');
  const save: io.SaveHandler = async ({ modelTopology, weightData = new ArrayBuffer(0), weightSpecs, generatedBy }) => {
    const weights = Buffer.concat([weightData].flat().map((part) => Buffer.from(part)));
    const manifest = [{ paths: [WEIGHTS], weights: weightSpecs }];
    await writeFile(join(folder, WEIGHTS), weights);
    await writeFile(
      file,
      JSON.stringify({ format: 'layers-model', generatedBy, modelTopology, weightsManifest: manifest }),
    );
    return { modelArtifactsInfo: { dateSaved: new Date(), modelTopologyType: 'JSON' } };
  };
  await model.save({ save });
  return file;
}
