/** One image, indexed [row][column][channel]. */
export type Pixels = readonly (readonly (readonly number[])[])[];

/** Reflects an index at the edges until it lies inside; edges count twice. */
function reflect(i: number, size: number): number {
  let inside = i;
  while (inside < 0 || inside >= size) inside = inside < 0 ? -inside - 1 : 2 * size - 1 - inside;
  return inside;
}

/** scipy.ndimage.gaussian_filter(image, sigma, mode='reflect', radius=7) per channel, as one 15 x 15 sum in float64. */
export function gaussianOracle(image: Pixels, sigma: number): number[][][] {
  const offsets = Array.from({ length: 15 }, (_, i) => i - 7);
  const height = (i: number, j: number) => Math.exp(-(i * i + j * j) / (2 * sigma * sigma));
  let total = 0;
  for (const i of offsets) for (const j of offsets) total += height(i, j);
  return image.map((line, y) =>
    line.map((pixel, x) =>
      pixel.map((_, c) => {
        let sum = 0;
        for (const i of offsets)
          for (const j of offsets)
            sum += height(i, j) * image[reflect(y + i, image.length)]![reflect(x + j, line.length)]![c]!;
        return sum / total;
      }),
    ),
  );
}
