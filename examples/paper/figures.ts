import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs-core';
import type { LayersModel } from '@tensorflow/tfjs-layers';
import type { Method, OodReport } from 'relu-overconfidence';
import { confidenceHistogramPlot } from 'relu-overconfidence/report';
import { useWasm } from '../support/useWasm';
import { noisePicture, predictionPicture } from './imageFigures';
import { loadNetwork, type Networks, resultsFolder } from './networks';
import { loadTestSets } from './testSets';

/** Where things are. */
export interface FigureSettings {
  readonly networks: Networks;
  readonly data: string;
  readonly output: string;
}

/** How the methods are called in pictures. */
const LABELS: Readonly<Record<Method, string>> = { plain: 'plain', ceda: 'CEDA', acet: 'ACET' };
const METHODS = Object.keys(LABELS) as Method[];

/** Draws Figures 2 to 4 of the networks of all three methods. */
export async function figures({ networks, data, output }: FigureSettings): Promise<void> {
  await useWasm();
  const { dataset } = networks;
  const sets = await loadTestSets(data, dataset);
  const models: Record<string, LayersModel> = {};
  for (const method of METHODS) models[LABELS[method]] = (await loadNetwork(networks, method)).model;
  const folder = join(resultsFolder(networks, output), 'figures');
  await mkdir(folder, { recursive: true });
  const save = async (name: string, content: string | Uint8Array) => {
    await writeFile(join(folder, name), content);
    console.log(join(folder, name));
  };
  await save('figure-2.png', await noisePicture(sets.in.x, models));
  const shown = Object.keys(sets.out).find((name) => /^(SVHN|FashionMNIST)/.test(name)) ?? Object.keys(sets.out)[0];
  if (shown !== undefined) await save('figure-3.png', await predictionPicture(sets.out[shown]!, models, dataset));
  const histogram = await sampleHistogram(resultsFolder(networks, output));
  if (histogram !== undefined) await save('figure-4.svg', histogram);
  tf.dispose([sets.in.x, sets.in.y, sets.out]);
  for (const model of Object.values(models)) model.dispose();
}

/** The confidences of the adversarial samples that `table1` measured, or nothing where it did not keep them. */
async function sampleHistogram(folder: string): Promise<string | undefined> {
  const confidences: Record<string, readonly number[]> = {};
  for (const method of METHODS) {
    const text = await readFile(join(folder, `table1-${method}-adversarial-samples.json`), 'utf8').catch(
      () => undefined,
    );
    const report: OodReport | undefined = text === undefined ? undefined : JSON.parse(text).result;
    const scores = report?.rows.find(({ kind }) => kind === 'adversarialSamples')?.scores;
    if (scores === undefined) {
      console.error(
        `*** LEFT OUT: Figure 4. "table1" has kept no scores of ${method}'s adversarial samples in ${folder}.`,
      );
      return undefined;
    }
    confidences[LABELS[method]] = scores.confidences;
  }
  return confidenceHistogramPlot(confidences, { bins: 40, title: 'Confidence on adversarial samples' });
}
