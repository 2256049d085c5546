import { dispose, tensor } from '@tensorflow/tfjs-core';
import { confidences } from '../../classifier/confidences';
import type { Classifier } from '../../classifier/types';
import { pointOnPlane } from '../../regions/pointOnPlane';
import type { Plane2d } from '../../regions/sliceTypes';

/** Inputs at a time: a picture has thousands, which together may be too large for memory. */
const BATCH = 256;

/** The confidence at each of N points of a plane, given by their coordinates `[N, 2]`. */
export async function confidenceOnPlane(net: Classifier, plane: Plane2d, points: Float32Array): Promise<Float64Array> {
  const count = points.length / 2;
  const found = new Float64Array(count);
  for (let start = 0; start < count; start += BATCH) {
    const size = Math.min(BATCH, count - start);
    const inputs = Array.from({ length: size }, (_, i) => [
      ...pointOnPlane(plane, points[2 * (start + i)]!, points[2 * (start + i) + 1]!),
    ]);
    const batch = tensor(inputs.flat(), [size, ...net.inputShape]);
    found.set(await confidences(net, batch), start);
    dispose(batch);
  }
  return found;
}
