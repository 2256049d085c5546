import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs-core';
import { type Attack, logOdds, type PgdOptions } from 'relu-overconfidence';
import { progressBar } from '../support/progressBar';
import { kept } from './kept';
import type { Network } from './networks';

/** Images attacked at a time, and kept as one piece. */
const PIECE = 8;

/** An attack and how it is run. */
export interface Contender {
  readonly attack: Attack;
  readonly options: PgdOptions & { readonly steps: number; readonly restarts: number };
  /** How many of the images it attacks, from the first. */
  readonly images: number;
}

/** What an attack made of the images. */
export interface Attacked {
  /** Log-odds of the predicted class at the worst point of each image, in float64. */
  readonly logOdds: readonly number[];
  /** Of all gradients, the share that was exactly zero. */
  readonly zeroGradients: number;
  /** The worst points, one after another, row-major. */
  readonly pixels: Float32Array;
}

/** A piece as it stands in its file. */
interface Piece {
  readonly logOdds: readonly number[];
  readonly zeroGradients: number;
  /** The float32 values of the worst points, in base64. */
  readonly pixels: string;
}

/**
 * Attacks the first images of a batch of noise in pieces, and keeps each piece in a file of its own. Every piece starts
 * where an attack on the whole batch would.
 */
export async function attackInPieces(
  { model, identity }: Network,
  noise: tf.Tensor,
  { attack, options, images }: Contender,
  { folder, name }: { readonly folder: string; readonly name: string },
): Promise<Attacked> {
  const of = noise.shape[0]!;
  const { steps, restarts } = options;
  const bar = progressBar(name);
  const start = performance.now();
  let worked = 0;
  const pieces: Piece[] = [];
  for (let first = 0; first < images; first += PIECE) {
    const count = Math.min(PIECE, images - first);
    const work = async () => {
      const some = tf.slice(noise, first, count);
      const found = attack(model, some, {
        ...options,
        rows: { first, of },
        onStep: ({ step, restart }) => {
          worked += count;
          const [done, total] = [
            ((restart - 1) * steps + step) * count + first * steps * restarts,
            images * steps * restarts,
          ];
          const elapsedMs = performance.now() - start;
          bar({ label: `image ${first}`, done, total, elapsedMs, remainingMs: (elapsedMs / worked) * (total - done) });
        },
      });
      const piece: Piece = {
        logOdds: [...(await logOdds(model, found.adversarial))],
        zeroGradients: found.zeroGradients!,
        pixels: toBase64(await found.adversarial.data<'float32'>()),
      };
      tf.dispose([some, found.adversarial, found.objective]);
      return piece;
    };
    pieces.push(await kept(join(folder, `${name}-${first}.json`), { ...identity, ...options, of, count }, work));
  }
  return {
    logOdds: pieces.flatMap((piece) => piece.logOdds),
    zeroGradients: pieces.reduce((sum, piece) => sum + piece.zeroGradients, 0) / (images * steps * restarts),
    pixels: Float32Array.from(pieces.flatMap(({ pixels }) => [...fromBase64(pixels)])),
  };
}

function toBase64(values: Float32Array): string {
  return Buffer.from(values.buffer, values.byteOffset, values.byteLength).toString('base64');
}

function fromBase64(text: string): Float32Array {
  return new Float32Array(new Uint8Array(Buffer.from(text, 'base64')).buffer);
}
