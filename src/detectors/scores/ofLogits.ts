import { checkKeys, checkPositive, checkWhole, refuse, show } from '../../core/check';
import { softmax } from '../../core/softmax';
import { largest, type Parts, type RowScore, row, type Sample } from './rows';

/** How {@link maxSoftmax} and {@link energy} are to work. */
export interface TemperatureOptions {
  /** The temperature T > 0 that logits are divided by. @defaultValue 1 */
  readonly temperature?: number;
}

/** How {@link generalizedEntropy} is to work. */
export interface EntropyOptions {
  /** The exponent, in (0, 1). @defaultValue 0.1, the one of the paper */
  readonly gamma?: number;
  /** How many of the largest probabilities count. @defaultValue 100, or all of fewer classes */
  readonly largest?: number;
}

/**
 * The largest softmax probability, `max_k softmax(z / T)_k`, in float64 (Hendrycks and Gimpel 2017, arXiv 1610.02136). With a
 * temperature it is that of a calibrated model (Guo et al. 2017), or of ODIN without its change of the input (T = 1000).
 *
 * @param logits - The logits of one example, K >= 2 finite numbers.
 * @returns A number in [1 / K, 1]; higher means more in-distribution.
 * @throws OverconfidenceError `EMPTY_INPUT` for fewer than two logits, `NON_FINITE`, `INVALID_OPTION` for `temperature`.
 *
 * @example
 * ```ts
 * import { maxSoftmax } from 'relu-overconfidence/detectors';
 *
 * console.log(maxSoftmax([0, 0]), maxSoftmax([Math.log(3), 0]).toFixed(2)); // 0.5 0.75
 * ```
 */
export function maxSoftmax(logits: ArrayLike<number>, options: TemperatureOptions = {}): number {
  const temperature = temperatureOf('maxSoftmax', options);
  checkLogits('maxSoftmax', logits);
  return Math.max(...probabilities(logits, temperature));
}

/**
 * The largest logit, `max_k z_k` (Hendrycks et al. 2022, arXiv 1911.11132).
 *
 * @param logits - The logits of one example, K >= 2 finite numbers.
 * @returns Higher means more in-distribution.
 * @throws OverconfidenceError `EMPTY_INPUT` for fewer than two logits, `NON_FINITE`.
 *
 * @example
 * ```ts
 * import { maxLogit } from 'relu-overconfidence/detectors';
 *
 * console.log(maxLogit([2, 7, 1])); // 7
 * ```
 */
export function maxLogit(logits: ArrayLike<number>): number {
  checkLogits('maxLogit', logits);
  return logits[largest(logits)]!;
}

/**
 * The negative free energy, `T log sum_k exp(z_k / T)` (Liu et al. 2020, arXiv 2010.03759).
 *
 * @param logits - The logits of one example, K >= 2 finite numbers.
 * @returns Higher means more in-distribution.
 * @throws OverconfidenceError `EMPTY_INPUT` for fewer than two logits, `NON_FINITE`, `INVALID_OPTION` for `temperature`.
 *
 * @example
 * ```ts
 * import { energy } from 'relu-overconfidence/detectors';
 *
 * console.log(energy([0, 0]) === Math.log(2)); // true
 * ```
 */
export function energy(logits: ArrayLike<number>, options: TemperatureOptions = {}): number {
  const temperature = temperatureOf('energy', options);
  checkLogits('energy', logits);
  return logSumExp(logits, temperature);
}

/**
 * The generalised entropy, negative: `- sum p_k^gamma (1 - p_k)^gamma` over the M largest probabilities (Liu, Lochman and
 * Zach 2023, GEN).
 *
 * @param logits - The logits of one example, K >= 2 finite numbers.
 * @returns A number <= 0; higher means more in-distribution.
 * @throws OverconfidenceError `EMPTY_INPUT` for fewer than two logits, `NON_FINITE`, `INVALID_OPTION` for `gamma` or `largest`.
 *
 * @example
 * ```ts
 * import { generalizedEntropy } from 'relu-overconfidence/detectors';
 *
 * console.log(generalizedEntropy([0, 0], { gamma: 0.5 })); // -1
 * ```
 */
export function generalizedEntropy(logits: ArrayLike<number>, options: EntropyOptions = {}): number {
  const fn = 'generalizedEntropy';
  checkKeys({ fn, argument: 'options' }, options, { gamma: true, largest: true });
  const { gamma = 0.1, largest: most = 100 } = options;
  if (!(gamma > 0 && gamma < 1))
    refuse({ fn, argument: 'gamma' }, 'INVALID_OPTION', 'a number between 0 and 1', String(gamma), 'Leave it out.');
  checkWhole({ fn, argument: 'largest' }, most);
  checkLogits(fn, logits);
  const p = probabilities(logits, 1).sort().reverse().slice(0, most);
  return -p.reduce((sum, value) => sum + (value * Math.max(0, 1 - value)) ** gamma, 0);
}

/** The softmax of logits, in float64. */
export function probabilities(logits: ArrayLike<number>, temperature: number): Float64Array {
  return softmax(Float64Array.from(logits, (z) => z / temperature));
}

/** `T log sum exp(z / T)` without overflow. */
export function logSumExp(logits: ArrayLike<number>, temperature = 1): number {
  const most = logits[largest(logits)]!;
  let sum = 0;
  for (let k = 0; k < logits.length; k++) sum += Math.exp((logits[k]! - most) / temperature);
  return most + temperature * Math.log(sum);
}

function checkLogits(fn: string, logits: ArrayLike<number>): void {
  const where = { fn, argument: 'logits' };
  if (!(typeof logits === 'object' && logits !== null && logits.length >= 2))
    refuse(where, 'EMPTY_INPUT', 'an array of two logits or more', show(logits), 'Pass one row of logits.');
  for (let k = 0; k < logits.length; k++)
    if (!Number.isFinite(logits[k]))
      refuse(where, 'NON_FINITE', 'finite everywhere', `${logits[k]} at index ${k}`, 'Look for NaN weights.');
}

function temperatureOf(fn: string, options: TemperatureOptions): number {
  checkKeys({ fn, argument: 'options' }, options, { temperature: true });
  const { temperature = 1 } = options;
  checkPositive({ fn, argument: 'temperature' }, temperature);
  return temperature;
}

/** Temperatures that are looked at, as logarithms. */
const RANGE = [Math.log(0.01), Math.log(100)] as const;
const GOLDEN = (Math.sqrt(5) - 1) / 2;
const ROUNDS = 60;

/**
 * The temperature at which the mean of `- log softmax(z / T)_y` is least, in [0.01, 100], by golden-section search: the loss has
 * one minimum, being convex in 1 / T.
 */
export function fitTemperature({ logits, groups, count, classes }: Sample): Parts {
  const loss = (logT: number) => {
    const t = Math.exp(logT);
    let sum = 0;
    for (let i = 0; i < count; i++) {
      const z = row(logits, i, classes);
      sum += (logSumExp(z, t) - z[groups[i]!]!) / t;
    }
    return sum;
  };
  let [low, high] = RANGE as readonly [number, number] as [number, number];
  let [a, b] = [high - GOLDEN * (high - low), low + GOLDEN * (high - low)];
  let [atA, atB] = [loss(a), loss(b)];
  for (let round = 0; round < ROUNDS; round++) {
    if (atA <= atB) {
      [high, b, atB] = [b, a, atA];
      a = high - GOLDEN * (high - low);
      atA = loss(a);
    } else {
      [low, a, atA] = [a, b, atB];
      b = low + GOLDEN * (high - low);
      atB = loss(b);
    }
  }
  return { temperature: Math.exp((low + high) / 2) };
}

/** The largest softmax probability at that temperature. */
export function temperatureScore({ temperature }: Parts): RowScore {
  return (_, logits) => Math.max(...probabilities(logits, temperature as number));
}
