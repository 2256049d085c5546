import type { RestoredUnknown } from './restoreUnknown';
import type { PixelSource } from './run/imageInput';

/** A class and its probability, as the libraries of Teachable Machine and nsfwjs return them. */
export interface ClassProbability {
  /** Name of the class, or `'unknown'`. */
  readonly className: string;
  /** Its probability; 0 for all classes but `'unknown'` where that is 1. */
  readonly probability: number;
}

/** What a page of Teachable Machine or nsfwjs calls. */
export interface TeachableMachineModel {
  /** Number of classes, `'unknown'` included. */
  getTotalClasses(): number;
  /** Their names, `'unknown'` last. */
  getClassLabels(): string[];
  /** All classes in the order of the model, `'unknown'` last, as `predict` of `@teachablemachine/image`. */
  predict(image: PixelSource): Promise<ClassProbability[]>;
  /** The likeliest classes first, as `classify` of nsfwjs. @param count - How many; all of them by default. */
  classify(image: PixelSource, count?: number): Promise<ClassProbability[]>;
}

/**
 * A classifier that may answer "unknown", under the names by which pages call the libraries of Teachable Machine and nsfwjs:
 * `'unknown'` is one more class, of probability 1 for an image that is refused, when all others are 0, and else of probability 0.
 *
 * @example
 * ```ts no-run
 * import { likeTeachableMachine, restoreUnknown } from 'relu-overconfidence/detectors';
 * import { loadLayersModel } from '@tensorflow/tfjs-layers';
 *
 * const saved = await (await fetch('model/unknown.json')).json();
 * // Instead of: const model = await tmImage.load('model/model.json', 'model/metadata.json');
 * const model = likeTeachableMachine(await restoreUnknown(await loadLayersModel('model/model.json'), saved));
 * for (const { className, probability } of await model.predict(document.querySelector('video')!))
 *   console.log(className, probability.toFixed(2));
 * ```
 */
export function likeTeachableMachine(guard: RestoredUnknown): TeachableMachineModel {
  const names = [...guard.labels, 'unknown'];
  const predict = async (image: PixelSource) => {
    const { label, probabilities } = await guard.predictImage(image);
    const unknown = label === 'unknown';
    return names.map((className, k) => ({
      className,
      probability: k === names.length - 1 ? Number(unknown) : unknown ? 0 : probabilities[k]!,
    }));
  };
  return {
    getTotalClasses: () => names.length,
    getClassLabels: () => [...names],
    predict,
    classify: async (image, count = names.length) =>
      (await predict(image)).sort((a, b) => b.probability - a.probability).slice(0, count),
  };
}
