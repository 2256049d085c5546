import { rowLogOdds } from '../classifier/logOdds';
import { argMax, readLogits } from '../classifier/readLogits';
import type { Classifier, LabelledData } from '../classifier/types';
import { readLabels } from '../core/labels';
import type { ValidationRecord } from './fitTypes';

/** Error, cross entropy and confidence on held-out data, in float64 from the logits. */
export async function validate(fn: string, net: Classifier, { x, y }: LabelledData): Promise<ValidationRecord> {
  const { values, classes, count, head } = await readLogits(fn, net, x, {});
  const labels = await readLabels({ fn, argument: 'y' }, y, classes, count);
  let [wrong, loss, confidence] = [0, 0, 0];
  for (let row = 0; row < count; row++) {
    const at = row * classes;
    const top = argMax(values, at, classes);
    const logConfidence = -softplus(-rowLogOdds(values, at, classes, head));
    if (top !== labels[row]) wrong++;
    if (head === 'softmax') loss -= values[at + labels[row]!]! - values[at + top]! + logConfidence;
    else for (let k = 0; k < classes; k++) loss += softplus(k === labels[row] ? -values[at + k]! : values[at + k]!);
    confidence += Math.exp(logConfidence);
  }
  return { error: wrong / count, loss: loss / count, meanMaxConfidence: confidence / count };
}

/** log(1 + exp z), never overflowing. */
function softplus(z: number): number {
  return Math.max(z, 0) + Math.log1p(Math.exp(-Math.abs(z)));
}
