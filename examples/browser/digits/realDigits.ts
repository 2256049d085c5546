import { parseIdx } from 'relu-overconfidence/datasets';
import imagesFile from '../../digits/data/images.idx.gz?url';
import labelsFile from '../../digits/data/labels.idx.gz?url';
import { fetchBytes } from './classifiers';

/** A handwritten digit that no classifier was trained on. */
export interface RealDigit {
  /** 64 pixels in [0, 1], row after row. */
  readonly pixels: Float32Array;
  readonly label: number;
}

const TRAINED_ON = 1400;
const PIXELS = 64;
const BRIGHTEST = 16;

/** The digits that were kept aside for testing. */
export async function loadRealDigits(): Promise<readonly RealDigit[]> {
  const [images, labels] = await Promise.all(
    [imagesFile, labelsFile].map(async (file) => (await parseIdx(await fetchBytes(file))).data),
  );
  return Array.from(labels!.slice(TRAINED_ON), (label, i) => {
    const from = PIXELS * (TRAINED_ON + i);
    return { pixels: Float32Array.from(images!.slice(from, from + PIXELS), (value) => value / BRIGHTEST), label };
  });
}
