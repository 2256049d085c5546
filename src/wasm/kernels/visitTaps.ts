import type { Geometry } from './geometry';

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
