import { classifier } from '../../classifier/classifier';
import type { LoadedModel } from '../load/loadModel';
import { readFolder, type WantedPart } from './readFolder';

/** Width of a feature that is the same in all rows: half of it on either side. */
const LEAST_WIDTH = 1;

/** A model of vectors, of which nobody has told the bounds, with those that the numbers of a data folder have. */
export async function withDataBounds(
  model: LoadedModel,
  folder: string | undefined,
  part: WantedPart,
): Promise<LoadedModel> {
  const net = model.classifier;
  const [features = 0, ...more] = net.inputShape;
  if (folder === undefined || more.length > 0 || net.boundsFrom !== 'assumed') return model;
  const { shape, values, white } = await readFolder(folder, part, undefined);
  const [rows = 0, ...own] = shape;
  // Bytes are scaled to the bounds, and what does not fit the model is refused where data are read.
  if (white !== undefined || rows === 0 || own.length !== 1 || own[0] !== features) return model;
  const low = new Array<number>(features).fill(Number.POSITIVE_INFINITY);
  const high = new Array<number>(features).fill(Number.NEGATIVE_INFINITY);
  for (let i = 0; i < rows * features; i++) {
    const feature = i % features;
    low[feature] = Math.min(low[feature]!, values[i]!);
    high[feature] = Math.max(high[feature]!, values[i]!);
  }
  const constant = low.flatMap((value, i) => (value === high[i] ? [i] : []));
  for (const i of constant) [low[i], high[i]] = [low[i]! - LEAST_WIDTH / 2, high[i]! + LEAST_WIDTH / 2];
  const note = `The bounds of the ${features} features are their lowest and highest values in ${folder}; a radius of 1 is their width.`;
  const still = `Features ${constant.join(', ')} (from 0) never vary there, and were given a width of ${LEAST_WIDTH}.`;
  const bounds = { low, high };
  return {
    ...model,
    classifier: classifier(net, { bounds }),
    withLayers: () => {
      const seen = model.withLayers();
      return { ...seen, classifier: classifier(seen.classifier, { bounds }) };
    },
    notes: [...model.notes, note, ...(constant.length === 0 ? [] : [still])],
  };
}
