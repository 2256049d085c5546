import type { ModelLike } from '../classifier/types';
import { OverconfidenceError } from '../core/errors';
import { detectorOf, type Reader } from './detector';
import { readerOf } from './fitDetector';
import { probeOf, sameProbe } from './probeImage';
import { checkSaved, refuseOther } from './savedDetector';
import type { Detector, SavedDetector } from './types';

const fn = 'restoreDetector';

/**
 * The detector that was saved, on its model. That it is the same model is seen from what it says of one fixed random input.
 *
 * @param saved - What {@link Detector.save} returned, or `JSON.parse` of it.
 * @param model - The model of which it was made, with the same bounds.
 * @throws OverconfidenceError `INVALID_DATA` if it is damaged or of another version, or of another model; `UNSUPPORTED_MODEL`.
 *
 * @example
 * ```ts
 * import '@tensorflow/tfjs-backend-cpu';
 * import { uniformNoise } from 'relu-overconfidence';
 * import { fitDetector, restoreDetector } from 'relu-overconfidence/detectors';
 * import { mlp } from 'relu-overconfidence/models';
 *
 * const model = mlp({ inputShape: [2], hidden: [16, 16], classes: 3, seed: 1 });
 * const detector = await fitDetector('knn', model, uniformNoise([50, 2], { seed: 1 }));
 * const text = JSON.stringify(detector.save());
 * console.log((await restoreDetector(JSON.parse(text), model)).kind); // knn
 * ```
 */
export async function restoreDetector(saved: SavedDetector, model: ModelLike): Promise<Detector> {
  const parts = checkSaved(fn, saved);
  const { kind, layer } = saved;
  const reader = readerWith(kind, model, layer);
  const { inputShape, classes } = reader.net;
  const same =
    String(inputShape) === String(saved.inputShape) && classes === saved.classes && reader.size === saved.size;
  const probe = same ? await probeOf(reader.net) : [];
  if (!same || !sameProbe(saved.probe, probe)) refuseOther(fn, same);
  return detectorOf({ kind, reader, parts, probe: saved.probe });
}

/** The reader of a layer, which another model mostly has not. */
function readerWith(kind: SavedDetector['kind'], model: ModelLike, layer: string | null): Reader {
  try {
    return readerOf(fn, kind, model, layer ?? undefined);
  } catch (error) {
    if (error instanceof OverconfidenceError && error.argument === 'layer') refuseOther(fn, false);
    throw error;
  }
}
