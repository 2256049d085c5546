import type * as tf from '@tensorflow/tfjs-core';
import type { ConvolutionSizes } from '../../core/winograd';

/** Sizes of a convolution or pooling with channels last: images `[batch, height, width, channels]`. */
export interface Geometry extends ConvolutionSizes {
  readonly batch: number;
  readonly inHeight: number;
  readonly inWidth: number;
  /** Zero rows above the image. */
  readonly top: number;
  /** Zero columns left of the image. */
  readonly left: number;
}

/** Takes the sizes from tfjs's own reading of the attributes. */
export function geometry(info: tf.backend_util.Conv2DInfo): Geometry {
  return {
    batch: info.batchSize,
    inHeight: info.inHeight,
    inWidth: info.inWidth,
    inChannels: info.inChannels,
    outHeight: info.outHeight,
    outWidth: info.outWidth,
    outChannels: info.outChannels,
    filterHeight: info.filterHeight,
    filterWidth: info.filterWidth,
    strideHeight: info.strideHeight,
    strideWidth: info.strideWidth,
    dilationHeight: info.dilationHeight,
    dilationWidth: info.dilationWidth,
    top: info.padInfo.top,
    left: info.padInfo.left,
  };
}

/**
 * The convolution of `dy` with the turned filter that is the gradient of the input; `undefined` when the strides are larger
 * than 1, or when the forward padding exceeds the filter.
 */
export function turnedGeometry(g: Geometry): Geometry | undefined {
  if (g.strideHeight !== 1 || g.strideWidth !== 1) return undefined;
  const height = (g.filterHeight - 1) * g.dilationHeight;
  const width = (g.filterWidth - 1) * g.dilationWidth;
  const top = height - g.top;
  const left = width - g.left;
  const bottom = g.inHeight - g.outHeight - top + height;
  const right = g.inWidth - g.outWidth - left + width;
  if (Math.min(top, left, bottom, right) < 0) return undefined;
  return {
    ...g,
    inHeight: g.outHeight,
    inWidth: g.outWidth,
    inChannels: g.outChannels,
    outHeight: g.inHeight,
    outWidth: g.inWidth,
    outChannels: g.inChannels,
    top,
    left,
  };
}

/**
 * Calls `visit` for every output pixel and every tap of the filter that meets the image there, with the places of the
 * first channel of the output pixel, of the input pixel and of the tap.
 */
export function visitTaps(g: Geometry, visit: (output: number, input: number, tap: number) => void): void {
  let output = 0;
  for (let b = 0; b < g.batch; b++) {
    for (let oy = 0; oy < g.outHeight; oy++) {
      for (let ox = 0; ox < g.outWidth; ox++, output += g.outChannels) {
        for (let ky = 0; ky < g.filterHeight; ky++) {
          const y = oy * g.strideHeight - g.top + ky * g.dilationHeight;
          if (y < 0 || y >= g.inHeight) continue;
          const row = (b * g.inHeight + y) * g.inWidth;
          for (let kx = 0; kx < g.filterWidth; kx++) {
            const x = ox * g.strideWidth - g.left + kx * g.dilationWidth;
            if (x < 0 || x >= g.inWidth) continue;
            visit(output, (row + x) * g.inChannels, (ky * g.filterWidth + kx) * g.outChannels);
          }
        }
      }
    }
  }
}
