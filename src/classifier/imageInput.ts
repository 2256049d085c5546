import type { LayersModel } from '@tensorflow/tfjs-layers';
import { type ImageSize, imageSize } from '../core/imageSize';
import type { Classifier } from './types';
import { walkGraph } from './walkGraph';

/** Height, width and channels of the inputs of a classifier, if they are images. */
export function imageOf({ inputShape, image = true }: Pick<Classifier, 'inputShape' | 'image'>): ImageSize | undefined {
  return image ? imageSize(inputShape) : undefined;
}

/** Layers that change the values of an input and not what lies beside what. */
const IN_PLACE: ReadonlySet<string> = new Set([
  ...['InputLayer', 'Rescaling', 'Normalization', 'BatchNormalization', 'LayerNormalization', 'Activation', 'ReLU'],
  ...['Dropout', 'SpatialDropout1D', 'GaussianNoise', 'GaussianDropout', 'AlphaDropout'],
]);
/** Layers to which the first axis of `[H, W]` is time, and the second a list of features. */
const OVER_TIME =
  /^(?:Conv1D|SeparableConv1D|(?:Global)?(?:Max|Average)Pooling1D|UpSampling1D|ZeroPadding1D|Cropping1D|SimpleRNN|LSTM|GRU|RNN|Bidirectional|TimeDistributed|Masking)$/;

/** Whether the first layer of a model that does more than change values reads its input as a sequence. */
export function readsSequence(model: LayersModel): boolean {
  let found = false;
  walkGraph<boolean>(model, [true], ({ layer, inputs }) => {
    if (!inputs.includes(true)) return false;
    const name = layer.getClassName();
    found ||= OVER_TIME.test(name);
    return IN_PLACE.has(name);
  });
  return found;
}
