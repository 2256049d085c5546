/**
 * The precision `A (x) G + tau I` of the last layer, written out: A the sum of phi phi^T and G the mean of
 * `diag(p) - p p^T`. Weight (i, k) of feature i and class k has the index `i K + k`.
 */
export function kroneckerPrecision(phi: readonly number[][], logits: readonly number[][], tau: number): number[][] {
  const [size, classes] = [phi[0]!.length, logits[0]!.length];
  const p = logits.map((row) => {
    const e = row.map((z) => Math.exp(z - Math.max(...row)));
    const total = e.reduce((a, b) => a + b);
    return e.map((value) => value / total);
  });
  const sum = (of: (n: number) => number) => phi.reduce((total, _, n) => total + of(n), 0);
  const a = (i: number, j: number) => sum((n) => phi[n]![i]! * phi[n]![j]!);
  const g = (k: number, l: number) => sum((n) => p[n]![k]! * ((k === l ? 1 : 0) - p[n]![l]!)) / phi.length;
  const [A, G] = [table(size, a), table(classes, g)];
  return table(size * classes, (r, s) => {
    const [i, j] = [Math.floor(r / classes), Math.floor(s / classes)];
    return A[i]![j]! * G[r % classes]![s % classes]! + (r === s ? tau : 0);
  });
}

/** The mean over all pairs of classes of the variance of the difference of their logits at phi. */
export function meanPairVariance(precision: readonly number[][], phi: readonly number[], classes: number): number {
  let sum = 0;
  let pairs = 0;
  for (let k = 0; k < classes; k++)
    for (let l = 0; l < k; l++) {
      const at = phi.flatMap((value) =>
        Array.from({ length: classes }, (_, c) => (c === k ? value : c === l ? -value : 0)),
      );
      const { x } = solve(precision, at);
      sum += at.reduce((total, value, i) => total + value * x[i]!, 0);
      pairs++;
    }
  return sum / pairs;
}

/** The logarithm of the marginal likelihood, without what does not depend on tau; all weights less their class mean. */
export function evidence(
  phi: readonly number[][],
  logits: readonly number[][],
  weights: readonly number[][],
  tau: number,
): number {
  const classes = logits[0]!.length;
  const precision = kroneckerPrecision(phi, logits, tau);
  const squares = weights.flatMap((row) => {
    const mean = row.reduce((a, b) => a + b) / classes;
    return row.map((w) => (w - mean) ** 2);
  });
  const { logDeterminant } = solve(precision, new Array(precision.length).fill(0));
  return (-tau * squares.reduce((a, b) => a + b)) / 2 + (precision.length * Math.log(tau) - logDeterminant) / 2;
}

function table(n: number, entry: (i: number, j: number) => number): number[][] {
  return Array.from({ length: n }, (_, i) => Array.from({ length: n }, (_, j) => entry(i, j)));
}

/** Gauss's elimination, for a positive definite matrix. */
function solve(matrix: readonly number[][], b: readonly number[]): { x: number[]; logDeterminant: number } {
  const rows = matrix.map((row, i) => [...row, b[i]!]);
  const n = rows.length;
  let logDeterminant = 0;
  for (let i = 0; i < n; i++) {
    logDeterminant += Math.log(rows[i]![i]!);
    for (let r = i + 1; r < n; r++) {
      const factor = rows[r]![i]! / rows[i]![i]!;
      for (let c = i; c <= n; c++) rows[r]![c]! -= factor * rows[i]![c]!;
    }
  }
  const x = new Array<number>(n).fill(0);
  for (let i = n - 1; i >= 0; i--) {
    let rest = rows[i]![n]!;
    for (let c = i + 1; c < n; c++) rest -= rows[i]![c]! * x[c]!;
    x[i] = rest / rows[i]![i]!;
  }
  return { x, logDeterminant };
}
