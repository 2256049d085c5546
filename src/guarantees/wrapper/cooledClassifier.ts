import * as tf from '@tensorflow/tfjs-core';
import { readLogits } from '../../classifier/readLogits';
import type { Classifier } from '../../classifier/types';
import { checkNonNegative, checkPositive } from '../../core/check';
import { sharpLogitRange } from '../../core/sharpLogitRange';
import type { LogitGrowth } from '../growth/logitGrowth';
import { roundoff } from '../growth/roundoff';
import type { GuaranteedClassifier } from '../types';
import type { Cooling } from './cooling';
import { coolRadius } from './coolRadius';
import { horizonWithin, radiusWithinHorizon, withinHorizon } from './horizon';
import { pointAt, readPoints } from './readPoints';
import { rowBound } from './rowBound';
import { wrap } from './wrap';

/** Logits divided by a temperature that outgrows them: `f(x) / T(x)`, uniform in the limit of every ray. */
export function cooledClassifier(
  net: Classifier,
  centre: Float64Array,
  growth: LogitGrowth,
  cooling: Cooling,
): GuaranteedClassifier {
  const size = centre.length;
  const centre32 = Float32Array.from(centre);
  /** How much the division and the sums in T can change a logit, relative to it. */
  const unit = roundoff(size + 10);
  const horizon = horizonWithin(growth.reach, centre);
  const logits: Classifier['logits'] = (x, options) =>
    tf.tidy(() => {
      const seen = withinHorizon(x, horizon);
      const displacement = tf.sub(tf.reshape(seen, [x.shape[0]!, size]), tf.tensor1d(centre32)) as tf.Tensor2D;
      return cooling.divide(net.logits(seen, options), displacement);
    });
  return wrap(net, {
    logits,
    centre,
    asymptote: 1 / net.classes,
    farAwayRadius(epsilon: number) {
      checkPositive({ fn: 'farAwayRadius', argument: 'epsilon' }, epsilon);
      const range = sharpLogitRange(net.classes, epsilon) * (1 - unit);
      return radiusWithinHorizon(coolRadius(cooling, growth.range, range), centre, horizon);
    },
    async confidenceBound(x: tf.Tensor, radius: number) {
      const fn = 'confidenceBound';
      checkNonNegative({ fn, argument: 'radius' }, radius);
      const points = await readPoints({ fn, argument: 'x' }, x, net.inputShape, horizon);
      const seen = withinHorizon(x, horizon);
      const { values } = await readLogits(fn, net, seen, {}).finally(() => seen.dispose());
      return Float64Array.from({ length: points.count }, (_, i) => {
        const displacement = pointAt(points, i).map((value, j) => value - centre[j]!);
        const row = values.subarray(i * net.classes, (i + 1) * net.classes);
        return rowBound(row, growth, displacement, radius, cooling.range(displacement, radius), unit);
      });
    },
  });
}
