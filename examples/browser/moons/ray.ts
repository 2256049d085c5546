import { type PiecewiseAffine, type RayPiece, traceRay } from 'relu-overconfidence/regions';
import { asymptoticConfidence } from 'relu-overconfidence/theory';

/** The confidence of a network along the ray from (0, 0) in one direction, in exact pieces. */
export interface RayReading {
  /** Exact limit. */
  readonly limit: number;
  /** Distance beyond which the network is one linear map. */
  readonly lastKink: number;
  /** Confidence at a distance. */
  at(distance: number): number;
}

/** Follows the ray through all its linear regions. */
export function readRay(net: PiecewiseAffine, angle: number): RayReading {
  const direction = [Math.cos(angle), Math.sin(angle)];
  const pieces = traceRay(net, [0, 0], direction);
  const { confidence, from } = asymptoticConfidence(net, direction);
  return { limit: confidence, lastKink: from, at: (distance) => confidenceAt(pieces, distance) };
}

function confidenceAt(pieces: readonly RayPiece[], distance: number): number {
  const { slope, intercept } = pieces.find(({ to }) => distance <= to)!;
  const logits = slope.map((grows, k) => grows * distance + intercept[k]!);
  const largest = Math.max(...logits);
  return 1 / logits.reduce((sum, logit) => sum + Math.exp(logit - largest), 0);
}
