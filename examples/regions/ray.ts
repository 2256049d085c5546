import type { PiecewiseAffine } from 'relu-overconfidence/regions';
import { traceRay } from 'relu-overconfidence/regions';
import type { RayCurve } from 'relu-overconfidence/report';
import { asymptoticConfidence, evaluateRbf, type RbfNetwork } from 'relu-overconfidence/theory';

/** Positions from 1 to 1e6 at equal factors. */
const GRID = Array.from({ length: 601 }, (_, i) => 10 ** (i / 100));

/** The confidence of a ReLU network at alpha x, its bends included, and the exact limit of Theorem 3.1. */
export function reluCurve(name: string, net: PiecewiseAffine, x: readonly number[]): RayCurve {
  const pieces = traceRay(
    net,
    x.map(() => 0),
    x,
    { from: 1 },
  );
  const bends = pieces.map(({ from }) => from).filter((alpha) => alpha < 1e6);
  const alphas = [...GRID, ...bends].sort((a, b) => a - b);
  const confidences = alphas.map((alpha) => {
    const { slope, intercept } = pieces.findLast(({ from }) => from <= alpha)!;
    return confidence(slope.map((growth, k) => growth * alpha + intercept[k]!));
  });
  return { name, alphas, confidences, limit: asymptoticConfidence(net, x).confidence };
}

/** The confidence of an RBF network at alpha x, and 1/K, the limit by Theorem 3.2. */
export function rbfCurve(name: string, net: RbfNetwork, x: readonly number[]): RayCurve {
  const confidences = GRID.map((alpha) =>
    confidence(
      evaluateRbf(
        net,
        x.map((value) => alpha * value),
      ),
    ),
  );
  return { name, alphas: GRID, confidences, limit: 1 / net.classes };
}

/** The largest softmax probability. */
function confidence(logits: Float64Array): number {
  const most = Math.max(...logits);
  return 1 / logits.reduce((sum, logit) => sum + Math.exp(logit - most), 0);
}
