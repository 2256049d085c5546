import type { Pausing } from '../../core/pausing';
import type { PiecewiseAffine } from '../../regions/types';
import { largestConfidence } from '../wrapper/rowBound';
import { float32Errors } from './float32Errors';
import { formBounds, type Known } from './formBounds';
import type { Arithmetic, Domain } from './interval';
import { linearBounds } from './linearBounds';

/** How bounds are propagated: see `certifiedMaxConfidence`. */
export type BoundMethod = 'interval' | 'crown';

/** An upper bound on the confidence at every point of a box. */
export function* confidenceOverBox(
  net: PiecewiseAffine,
  box: Domain,
  method: BoundMethod,
  arithmetic: Arithmetic,
): Pausing<number> {
  const known = yield* linearBounds(net, box, method === 'crown');
  const differences = yield* differenceBounds(net, known, method === 'crown');
  const errors = arithmetic === 'float32' ? yield* float32Errors(net, known.bounds) : new Float64Array(net.classes);
  return confidenceFrom(differences, errors);
}

/** What bounds on differences of logits and on the errors of each logit allow. */
export function confidenceFrom(differences: Float64Array, errors: Float64Array): number {
  const moved = differences.map((bound, pair) => {
    const [k, j] = [Math.floor(pair / errors.length), pair % errors.length];
    return bound + errors[k]! + errors[j]!;
  });
  const confidence = largestConfidence(moved, errors.length);
  return Number.isNaN(confidence) ? 1 : confidence;
}

/** Forms that are carried back together. */
const CHUNK = 128;

/**
 * Upper bounds on all differences of two logits, u_kj >= z_k - z_j, K x K with zeros on the diagonal.
 *
 * The difference is taken before the bounds are: with affine nodes at the end, `z_k - z_j = (W_k - W_j) v + b_k - b_j`, so
 * `u_kj = (W_k - W_j)^+ u + (W_k - W_j)^- l + b_k - b_j` (last-layer elision, Bitterwolf, Meinke and Hein 2020). With `lines` the
 * same difference is also carried back to the input, and the lower of the two bounds is kept.
 */
export function* differenceBounds(net: PiecewiseAffine, known: Known, lines: boolean): Pausing<Float64Array> {
  const { classes } = net;
  const bounds = new Float64Array(classes * classes);
  const pairs = Array.from(bounds.keys()).filter((pair) => pair % (classes + 1) !== 0);
  const before = beforeLastAffine(net);
  for (let first = 0; first < pairs.length; first += CHUNK) {
    const chunk = pairs.slice(first, first + CHUNK);
    const forms = chunk.map((pair) => [
      { entry: Math.floor(pair / classes), factor: 1 },
      { entry: pair % classes, factor: -1 },
    ]);
    const elided = yield* formBounds(net, known, forms, { on: net.output, to: before });
    const carried = lines ? yield* formBounds(net, known, forms, { on: net.output }) : elided;
    for (const [c, pair] of chunk.entries()) bounds[pair] = Math.min(elided[c]!, carried[c]!);
  }
  return bounds;
}

/** The value that the affine nodes at the end of the network begin with. */
function beforeLastAffine({ nodes, output }: PiecewiseAffine): number {
  let id = output;
  for (let node = nodes[id - 1]; node?.kind === 'affine'; node = nodes[id - 1]) id = node.inputs[0]!;
  return id;
}
