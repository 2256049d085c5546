import * as tf from '@tensorflow/tfjs-core';
import { createRng } from 'relu-overconfidence';

/** Images of each kind. */
const COUNT = 40;

/** Images that anybody makes in a moment: of one colour, with a gradient, with a scribble. */
export function drawn(side: number, channels: number): Readonly<Record<string, () => tf.Tensor4D>> {
  const shape: [number, number, number, number] = [COUNT, side, side, channels];
  const make = (pixel: (i: number) => (y: number, x: number, c: number) => number) => () => {
    const values = new Float32Array(COUNT * side * side * channels);
    for (let i = 0; i < COUNT; i++) {
      const at = pixel(i);
      for (let y = 0; y < side; y++)
        for (let x = 0; x < side; x++)
          for (let c = 0; c < channels; c++)
            values[((i * side + y) * side + x) * channels + c] = at(y / side, x / side, c);
    }
    return tf.tensor4d(values, shape);
  };
  const rng = createRng('drawn');
  const colours = () => Array.from({ length: channels }, () => rng.uniform());
  return {
    black: make(() => () => 0),
    white: make(() => () => 1),
    'blank, any colour': make(() => {
      const colour = colours();
      return (_, __, c) => colour[c]!;
    }),
    gradients: make(() => {
      const [from, to, angle] = [colours(), colours(), 2 * Math.PI * rng.uniform()];
      return (y, x, c) => {
        const along = 0.5 + 0.7 * ((x - 0.5) * Math.cos(angle) + (y - 0.5) * Math.sin(angle));
        return Math.min(1, Math.max(0, from[c]! + along * (to[c]! - from[c]!)));
      };
    }),
    scribbles: make(() => {
      const [ink, paper] = [colours(), colours().map((value) => 0.8 + 0.2 * value)];
      const points = walk(300);
      const covered = new Uint8Array(56 * 56);
      for (const [y, x] of points)
        for (const [dy, dx] of [
          [0, 0],
          [0, 1],
          [1, 0],
          [1, 1],
        ] as const) {
          const [row, column] = [Math.floor(y * 56) + dy, Math.floor(x * 56) + dx];
          if (row < 56 && column < 56) covered[row * 56 + column] = 1;
        }
      return (y, x, c) => (covered[Math.floor(y * 56) * 56 + Math.floor(x * 56)] === 1 ? ink[c]! / 2 : paper[c]!);
    }),
  };

  /** A pen that turns as it goes, and stays on the paper. */
  function walk(steps: number): [number, number][] {
    let [y, x, angle, turn] = [0.2 + 0.6 * rng.uniform(), 0.2 + 0.6 * rng.uniform(), 6 * rng.uniform(), 0];
    return Array.from({ length: steps }, (): [number, number] => {
      turn = 0.8 * turn + 0.15 * rng.normal();
      angle += turn;
      y = Math.min(0.95, Math.max(0.05, y + 0.014 * Math.sin(angle)));
      x = Math.min(0.95, Math.max(0.05, x + 0.014 * Math.cos(angle)));
      return [y, x];
    });
  }
}
