import * as tf from '@tensorflow/tfjs-core';
import {
  gaussianLowPass,
  type NoiseSampler,
  paperSampler,
  permutePixels,
  type Rng,
  stretchContrast,
  uniformNoise,
} from 'relu-overconfidence';

/** Uniform noise after a low-pass of one sigma, at full contrast. */
const smooth =
  (sigma: number): NoiseSampler =>
  (images, rng) =>
    stretchContrast(gaussianLowPass(uniformNoise(images.shape, { rng }), sigma));

/** Noise whose every value is drawn on its own. */
const pixelwise =
  (draw: (rng: Rng) => number): NoiseSampler =>
  (images, rng) =>
    tf.tensor(
      Float32Array.from({ length: images.size }, () => draw(rng)),
      images.shape,
    );

/** The paper's noise with its contrast about mid-gray multiplied by a factor, and cut off at black and white. */
const paperAtContrast =
  (factor: number): NoiseSampler =>
  (images, rng) =>
    tf.clipByValue(tf.add(0.5, tf.mul(factor, tf.sub(paperSampler()(images, rng), 0.5))), 0, 1);

/** Noises by name: first the one that CEDA and ACET were trained on, then others. Values are in [0, 1]. */
export const OTHER_NOISES: Readonly<Record<string, NoiseSampler>> = {
  'the noise of the paper': paperSampler(),
  'uniform, raw': (images, rng) => uniformNoise(images.shape, { rng }),
  'permuted pixels, raw': (images, rng) => permutePixels(images, { rng }),
  'uniform, sigma 0.5': smooth(0.5),
  'uniform, sigma 4': smooth(4),
  'uniform, 4 x 4 blocks': (images, rng) => {
    const [batch, height, width, channels] = images.shape as [number, number, number, number];
    return tf.image.resizeNearestNeighbor(uniformNoise([batch, 4, 4, channels], { rng }) as tf.Tensor4D, [
      height,
      width,
    ]);
  },
  'one colour per image': (images, rng) => {
    const [batch, , , channels] = images.shape;
    return tf.add(tf.zerosLike(images), uniformNoise([batch!, 1, 1, channels!], { rng }));
  },
  'Gaussian pixels, deviation 0.25': pixelwise((rng) => Math.min(1, Math.max(0, 0.5 + 0.25 * rng.normal()))),
  'black or white pixels': pixelwise((rng) => Math.round(rng.uniform())),
  'one pixel value in 20 bright, the rest black': pixelwise((rng) => (rng.uniform() < 0.05 ? 1 : 0)),
  'of the paper, half the contrast': paperAtContrast(0.5),
  'of the paper, four times the contrast': paperAtContrast(4),
};
