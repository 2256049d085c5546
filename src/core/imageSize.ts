/** Sizes of an image. */
export interface ImageSize {
  readonly height: number;
  readonly width: number;
  readonly channels: number;
}

/** The one rule of which inputs can be images: `[H, W, C]`, and `[H, W]`, which is an image of one channel. */
export function imageSize([height, width, channels = 1, ...more]: readonly number[]): ImageSize | undefined {
  if (height === undefined || width === undefined || more.length > 0) return undefined;
  return { height, width, channels };
}
