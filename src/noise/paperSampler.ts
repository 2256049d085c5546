import { checkImages } from './checkImages';
import type { NoiseSampler } from './noiseSampler';
import type { PaperNoiseOptions } from './options';
import { drawMixture, resolveMixture } from './paperMixture';

/**
 * Makes a {@link NoiseSampler} that draws {@link paperNoise} with the given options.
 *
 * The options are checked once, here. The sampler checks shapes but does not read the values of the images, so that
 * nothing waits for the device inside a training loop; they must be finite and in `bounds`.
 *
 * @param options - Those of {@link paperNoise}; the random numbers come from the stream that the sampler is given.
 * @returns The sampler. It throws what {@link paperNoise} throws for the type and shape of the images.
 * @throws OverconfidenceError `INVALID_OPTION` for an option out of range.
 *
 * @example
 * ```ts
 * import '@tensorflow/tfjs-backend-cpu';
 * import { createRng, paperSampler, uniformNoise } from 'relu-overconfidence';
 *
 * const sampler = paperSampler({ permutedFraction: 1, sigmaPer: 'batch' });
 * const images = uniformNoise([8, 28, 28, 1], { seed: 'stand-in for a batch of training images' });
 * const noise = sampler(images, createRng(1));
 * images.dispose();
 * noise.dispose();
 * ```
 */
export function paperSampler(options: Omit<PaperNoiseOptions, 'seed' | 'rng'> = {}): NoiseSampler {
  const mixture = resolveMixture('paperSampler', options);
  return (images, rng) => {
    checkImages('paperNoise', images, [2, 4]);
    return drawMixture(images, rng, mixture);
  };
}
