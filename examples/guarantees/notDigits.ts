import * as tf from '@tensorflow/tfjs-core';
import { type NoiseSampler, type Rng, uniformNoise } from 'relu-overconfidence';
import { resize, toGray } from 'relu-overconfidence/datasets';
import { loadFirst, toTensor } from '../paper/loadFirst';

/** Natural photographs of 28 x 28 gray pixels: what stands for everything that is no digit. */
export async function grayPhotographs(folder: string): Promise<tf.Tensor4D> {
  const found = await loadFirst(folder, [
    ['cifar10', 'train', 'CIFAR-10'],
    ['cifar10', 'test-jpeg', 'CIFAR-10 (decoded JPEG)'],
  ]);
  if (found === undefined)
    throw new Error(`${folder} holds no CIFAR-10, whose photographs stand for what is no digit.`);
  return toTensor(toGray(resize(found.images, { height: 28, width: 28 })));
}

/**
 * Half of a batch whole photographs, a quarter photographs of which a box or an ellipse is left on black, an eighth uniform noise
 * and an eighth digits in negative.
 */
export function notDigits(photographs: tf.Tensor4D): NoiseSampler {
  const choose = (count: number, rng: Rng) =>
    tf.gather(
      photographs,
      tf.tensor1d(
        Int32Array.from({ length: count }, () => rng.integer(photographs.shape[0])),
        'int32',
      ),
    );
  return (digits, rng) =>
    tf.tidy(() => {
      const eighth = Math.floor(digits.shape[0]! / 8);
      const cut = tf.mul(choose(2 * eighth, rng), shapes(2 * eighth, rng));
      const negative = tf.sub(1, tf.slice(digits, 0, eighth));
      const noise = uniformNoise([eighth, 28, 28, 1], { rng });
      return tf.concat([choose(digits.shape[0]! - 4 * eighth, rng), cut, noise, negative] as tf.Tensor4D[], 0);
    });
}

/** Boxes and ellipses of ones on zeros, anywhere and of any size. */
function shapes(count: number, rng: Rng): tf.Tensor4D {
  const pixels = new Float32Array(count * 28 * 28);
  for (let i = 0; i < count; i++) {
    const [x, y] = [9 + 10 * rng.uniform(), 9 + 10 * rng.uniform()];
    const [width, height] = [4 + 10 * rng.uniform(), 4 + 10 * rng.uniform()];
    const isBox = rng.uniform() < 0.5;
    for (let p = 0; p < 28 * 28; p++) {
      const [dx, dy] = [((p % 28) - x) / width, (Math.floor(p / 28) - y) / height];
      const distance = isBox ? Math.max(Math.abs(dx), Math.abs(dy)) : Math.hypot(dx, dy);
      if (distance < 1) pixels[i * 28 * 28 + p] = 1;
    }
  }
  return tf.tensor4d(pixels, [count, 28, 28, 1]);
}
