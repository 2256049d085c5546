import { isPair } from '../../core/bounds';
import { OverconfidenceError } from '../../core/errors';
import type { OodGuarantee } from '../../evaluation/oodAttacks';
import { certifiedMaxConfidence } from '../../guarantees/bounds/certifiedMaxConfidence';
import { costOf } from '../../regions/costOf';
import { toPiecewiseAffine } from '../../regions/toPiecewiseAffine';
import type { PiecewiseAffine } from '../../regions/types';
import type { Values } from '../args/options';
import { oneOf, whole } from '../args/read';
import type { LoadedModel } from '../load/loadModel';

/** A network as an exact function, or in words why it cannot be read as one. */
export type ExactNet = { readonly net: PiecewiseAffine } | { readonly why: string };

/** Reads a ReLU network. */
export function readExact(model: LoadedModel): ExactNet {
  try {
    const { layers, classifier } = model.withLayers();
    const net = toPiecewiseAffine(classifier);
    if (model.layers === undefined) layers.dispose();
    return { net };
  } catch (error) {
    if (!(error instanceof OverconfidenceError)) throw error;
    if (error.code === 'UNSUPPORTED_MODEL')
      return { why: `the network cannot be read as piecewise linear (${error.got})` };
    if (error.code === 'MISSING_KERNEL') return { why: 'on webgpu the network cannot be read; wasm and cpu have them' };
    throw error;
  }
}

/** Products in an evaluation for all bounds of a row together, where nobody says how many: some ten seconds by intervals. */
const PRODUCTS = 400_000_000;

/** Bounds for as many of the attacked images as the network allows, or in words why there are none. */
export function guaranteeOf(
  exact: () => ExactNet,
  { bounds }: LoadedModel['classifier'],
  values: Values,
  attacked: { readonly epsilon: number; readonly samples: number },
): { readonly guarantee: OodGuarantee } | { readonly why: string } {
  const wanted = whole(values, 'certified', undefined, 0);
  const method = oneOf(values, 'method', ['interval', 'crown'] as const, 'interval');
  if (wanted === 0) return { why: '--certified 0' };
  if (!isPair(bounds)) return { why: 'inputs have bounds of their own each' };
  const read = exact();
  if ('why' in read) return read;
  const { net } = read;
  const few = Math.max(1, Math.floor(PRODUCTS / costOf(net).multiplyAdds));
  const bound: OodGuarantee['bound'] = (images, epsilon) =>
    certifiedMaxConfidence(net, images, epsilon, { method, bounds });
  return { guarantee: { bound, epsilon: attacked.epsilon, samples: wanted ?? Math.min(attacked.samples, few) } };
}
