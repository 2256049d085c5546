import { logSumExp, probabilities } from './ofLogits';
import { type Parts, type RowScore, row, type Sample } from './rows';

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
