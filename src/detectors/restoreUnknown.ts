import * as tf from '@tensorflow/tfjs-core';
import type { LayersModel } from '@tensorflow/tfjs-layers';
import type { ReadOptions } from '../classifier/readLogits';
import { isLayersModel } from '../classifier/walkGraph';
import type { Bounds } from '../core/bounds';
import { refuse, show } from '../core/check';
import type { Threshold } from './chooseThreshold';
import { rowScoreOf } from './kinds';
import { probeImage, sameProbe } from './probeImage';
import { imageInput, type PixelSource } from './run/imageInput';
import { nativePass } from './run/nativePass';
import { checkSaved, refuseOther } from './savedDetector';
import { row } from './scores/rows';
import type { SeenImages } from './seenImages';
import type { Detector, SavedDetector } from './types';
import { type Prediction, type UnknownClassifier, withUnknown } from './withUnknown';

/** What the command `unknown` writes: a detector with its threshold, and what else {@link withUnknown} takes. */
export interface SavedUnknown {
  /** What this is, and in which version. */
  readonly format: 'relu-overconfidence/unknown@1';
  /** The detector. */
  readonly detector: SavedDetector;
  /** The threshold with what it promises. */
  readonly threshold: Threshold;
  /** Scores of images that the detector was not fitted on, ascending. */
  readonly scores: readonly number[];
  /** Names of the classes; null where there are none. */
  readonly labels: readonly string[] | null;
  /** The box of inputs; of images the values that stand for black and white. */
  readonly bounds: Bounds;
  /** What turns logits into probabilities. */
  readonly head: 'softmax' | 'sigmoids';
  /** What the training images have in common. */
  readonly seen: SeenImages;
}

/** A classifier that may answer "unknown", as a page uses it; made by {@link restoreUnknown}. */
export interface RestoredUnknown extends UnknownClassifier {
  /** Names of the classes in the order of the model. */
  readonly labels: readonly string[];
  /** The prediction for an image, a video or a canvas of a page: its middle is cut out and brought to the size of the model. */
  predictImage(image: PixelSource): Promise<Prediction>;
}

const fn = 'restoreUnknown';

/**
 * What the command `unknown` made, ready for use on its model. It brings nothing along that is only for fitting, and runs the model
 * by the operations of tfjs itself, once for each call.
 *
 * @param model - The LayersModel or GraphModel, as tfjs has loaded it.
 * @param saved - The contents of `unknown.json`.
 * @throws OverconfidenceError `INVALID_DATA` if it is damaged, of another version or of another model; `UNSUPPORTED_MODEL`.
 *
 * @example
 * ```ts no-run
 * import '@tensorflow/tfjs-backend-webgl';
 * import { loadLayersModel } from '@tensorflow/tfjs-layers';
 * import { restoreUnknown } from 'relu-overconfidence/detectors';
 *
 * const model = await loadLayersModel('model/model.json');
 * const guard = await restoreUnknown(model, await (await fetch('model/unknown.json')).json());
 * const { label, reason } = await guard.predictImage(document.querySelector('img')!);
 * console.log(label, reason); // unknown, it looks like no training image
 * ```
 */
export async function restoreUnknown(
  model: LayersModel | tf.InferenceModel,
  saved: SavedUnknown,
): Promise<RestoredUnknown> {
  if (!isLayersModel(model) && !(typeof model === 'object' && model !== null && 'execute' in model))
    refuse(
      { fn, argument: 'model' },
      'INVALID_ARGUMENT',
      'a LayersModel or a GraphModel',
      show(model),
      'Load it with tf.loadLayersModel or tf.loadGraphModel first (and await it).',
    );
  if (typeof saved !== 'object' || saved === null || saved.format !== 'relu-overconfidence/unknown@1')
    refuse(
      { fn, argument: 'saved' },
      'INVALID_DATA',
      'what this version of the command `unknown` writes (relu-overconfidence/unknown@1)',
      show(saved?.format ?? saved),
      'Run `npx relu-overconfidence unknown` again.',
    );
  const { threshold, scores, seen, bounds } = saved;
  const detector = await nativeDetector(model, saved);
  const labels = saved.labels ?? Array.from({ length: detector.classes }, (_, k) => String(k));
  const guarded = withUnknown(model, { detector, threshold, scores, seen, labels });
  const { inputShape } = saved.detector;
  return {
    labels,
    predict: guarded.predict,
    predictImage: async (image) => {
      const x = imageInput(image, { inputShape, bounds });
      const [prediction] = await guarded.predict(x).finally(() => x.dispose());
      return prediction!;
    },
  };
}

/** A detector that runs a model of tfjs as it is. */
async function nativeDetector(
  model: LayersModel | tf.InferenceModel,
  { detector: saved, bounds, head }: SavedUnknown,
): Promise<Detector> {
  const parts = checkSaved(fn, saved);
  const { kind, layer, size, classes, inputShape } = saved;
  const score = rowScoreOf(kind, parts, size);
  const run = nativePass(fn, model, layer);
  const read = async (x: tf.Tensor) => {
    const { features, logits } = run(x);
    try {
      return { features: (await features.data()) as Float32Array, logits: (await logits.data()) as Float32Array };
    } finally {
      tf.dispose([features, logits]);
    }
  };
  const look = async (x: tf.Tensor, _: ReadOptions = {}) => {
    const { features, logits } = await read(x);
    const scores = Float64Array.from({ length: x.shape[0]! }, (__, i) =>
      score(new Float64Array(row(features, i, size)), new Float64Array(row(logits, i, classes))),
    );
    return { scores, logits };
  };
  const wanted = model.inputs[0]?.shape?.slice(1) ?? inputShape;
  const fits =
    wanted.length === inputShape.length && wanted.every((n, i) => n === null || n < 0 || n === inputShape[i]);
  if (!fits) refuseOther(fn, false);
  const image = probeImage({ inputShape, bounds });
  const { features, logits } = await read(image).finally(() => image.dispose());
  if (features.length !== size || !sameProbe(saved.probe, Array.from(logits))) refuseOther(fn, true);
  return {
    kind,
    ...(layer !== null && { layer }),
    classes,
    head,
    bounds,
    look,
    score: async (x) => (await look(x)).scores,
    save: () => saved,
  };
}
