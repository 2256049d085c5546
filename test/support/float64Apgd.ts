/** A smooth function on the plane with its gradient, written out by hand. */
export interface Analytic {
  readonly value: (x: readonly number[]) => number;
  readonly gradient: (x: readonly number[]) => number[];
}

/**
 * AutoPGD for one image in plain float64, from the algorithm in the paper (Croce and Hein 2020, Algorithm 1 and section
 * 3.3): it keeps the whole history and looks conditions up in it, without counters. Returns every point it evaluated.
 */
export function apgd64(
  { value, gradient }: Analytic,
  image: readonly number[],
  { epsilon, steps, checkpoints }: { epsilon: number; steps: number; checkpoints: readonly number[] },
) {
  const project = (x: number[]) =>
    x.map((v, i) => Math.max(Math.min(v, 1, image[i]! + epsilon), 0, image[i]! - epsilon));
  const best = () => visited.reduce((a, b) => (value(b) > value(a) ? b : a));
  /** Points as they were reached, and as the search went on from them. */
  const visited: number[][] = [[...image]];
  const left: number[][] = [];
  const bestAt: number[] = [];
  const etaAt: number[] = [];
  let eta = 2 * epsilon;
  let lastCheck = 0;
  for (let k = 0; k < steps; k++) {
    let x = visited[k]!;
    if (k === 0) {
      bestAt[0] = value(x);
      etaAt[0] = eta;
    }
    if (checkpoints.includes(k)) {
      let rises = 0;
      for (let i = lastCheck; i < k; i++) if (value(visited[i + 1]!) > value(left[i]!)) rises++;
      bestAt[k] = value(best());
      const before = checkpoints[checkpoints.indexOf(k) - 2] ?? 0;
      const keptEta = lastCheck === 0 || etaAt[lastCheck] === etaAt[before];
      etaAt[k] = eta;
      if (rises <= 0.75 * (k - lastCheck) || (keptEta && bestAt[k] === bestAt[lastCheck])) {
        eta /= 2;
        etaAt[k] = eta;
        x = best();
      }
      lastCheck = k;
    }
    left[k] = x;
    const g = gradient(x);
    const u = project(x.map((v, i) => v + eta * Math.sign(g[i]!)));
    const from = k === 0 ? x : left[k - 1]!;
    visited[k + 1] = k === 0 ? u : project(x.map((v, i) => v + 0.75 * (u[i]! - v) + 0.25 * (v - from[i]!)));
  }
  return { visited, best: best(), value: value(best()), eta };
}
