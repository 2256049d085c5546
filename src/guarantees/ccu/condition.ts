import { refuse, type Where } from '../../core/check';
import { type CcuModel, safeDensities } from './safeDensities';

/** How many times the largest variance of the data every variance outside must be. */
export const VARIANCE_RATIO = 4;

/**
 * Refuses densities for which the theorem does not hold. The out-density must fall more slowly in every direction than each
 * Gaussian of the data, rounding included, or far away the data would win.
 */
export function checkCondition(where: Where, model: CcuModel): void {
  const largest = model.inside.variances.reduce((a, b) => Math.max(a, b));
  const least = model.outside.variances.reduce((a, b) => Math.min(a, b));
  if (!(least >= VARIANCE_RATIO * largest))
    refuse(
      where,
      'INVALID_OPTION',
      `densities whose variances outside are at least ${VARIANCE_RATIO} times those of the data`,
      `${least} outside and ${largest} for the data`,
      'Fit them with `ccu`.',
    );
  const { inside, outside } = safeDensities(model);
  const slowest = inside.rates.reduce((a, b) => Math.min(a, b));
  const fastest = outside.rates.reduce((a, b) => Math.max(a, b));
  if (!(slowest > fastest))
    refuse(
      where,
      'UNSUPPORTED_MODEL',
      'inputs with so few entries that float32 can tell the densities apart',
      `${model.metric.centre.length} entries`,
      'Reduce the size of the input.',
    );
}
