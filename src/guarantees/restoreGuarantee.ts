import type { ModelLike } from '../classifier/types';
import { checkKeys, checkOneOf, type KeysOf, refuse, show, type Where } from '../core/check';
import { type Ccu, restoreCcu } from './ccu/ccu';
import type { SavedCcu } from './ccu/saved';
import { type ReluGpResidual, restoreReluGp, type SavedReluGpResidual } from './gp/reluGpResidual';
import { type LastLayerLaplace, restoreLaplace, type SavedLastLayerLaplace } from './laplace/lastLayerLaplace';
import { type JointDiscriminator, restoreJoint, type SavedJointDiscriminator } from './prood/jointDiscriminator';
import { type RadialTemperature, restoreRadial, type SavedRadialTemperature } from './radial/radialTemperature';

const METHODS = ['radialTemperature', 'reluGpResidual', 'lastLayerLaplace', 'ccu', 'jointDiscriminator'] as const;

const INPUTS = { method: true, inputShape: true, bounds: true } as const;
const COOLED = { ...INPUTS, centre: true, lipschitz: true } as const;
const RADIAL: KeysOf<SavedRadialTemperature> = { ...COOLED, beta: true };
const RELU_GP: KeysOf<SavedReluGpResidual> = { ...COOLED, sigmaSquared: true };
const LAPLACE: KeysOf<SavedLastLayerLaplace> = { ...INPUTS, centre: true, priorPrecision: true, factor: true };
const CCU: KeysOf<SavedCcu> = { ...INPUTS, lambda: true, metric: true, inside: true, outside: true };
const JOINT: KeysOf<SavedJointDiscriminator> = {
  ...INPUTS,
  features: true,
  weights: true,
  bias: true,
  outsideSlope: true,
};

/** What the `save()` of any wrapper returned. */
export type SavedGuarantee =
  | SavedRadialTemperature
  | SavedReluGpResidual
  | SavedLastLayerLaplace
  | SavedCcu
  | SavedJointDiscriminator;

/** What a {@link SavedGuarantee} becomes again. */
export type RestoredGuarantee<S extends SavedGuarantee> = Extract<
  RadialTemperature | ReluGpResidual | LastLayerLaplace | Ccu | JointDiscriminator,
  {
    /** What tells the wrappers apart. */
    save(): S;
  }
>;

/**
 * Wraps a model again with what `save()` returned, so that a guarantee can be stored beside the weights.
 *
 * The guarantee is worked out anew from the model's weights; nothing about the model itself is taken from `saved`.
 *
 * @param model - The model that was wrapped, or one loaded with the same weights.
 * @param saved - Plain data; a way through JSON changes nothing.
 * @throws OverconfidenceError `INVALID_OPTION` if `saved` names no wrapper, has an unknown key or holds anything but finite
 *   numbers, and whatever the wrapper refuses of the model.
 *
 * @example
 * ```ts
 * import '@tensorflow/tfjs-backend-cpu';
 * import { uniformNoise } from 'relu-overconfidence';
 * import { radialTemperature, restoreGuarantee } from 'relu-overconfidence/guarantees';
 * import { mlp } from 'relu-overconfidence/models';
 *
 * const model = mlp({ inputShape: [2], hidden: [16, 16], classes: 2, seed: 1 });
 * const safe = await radialTemperature(model, uniformNoise([100, 2], { seed: 1 }));
 * const text = JSON.stringify(safe.save()); // store it with the model
 * const again = await restoreGuarantee(model, JSON.parse(text));
 * console.log(again.farAwayRadius(0.01) === safe.farAwayRadius(0.01)); // true
 * ```
 */
export async function restoreGuarantee<S extends SavedGuarantee>(
  model: ModelLike,
  saved: S,
): Promise<RestoredGuarantee<S>> {
  const method = saved?.method;
  checkOneOf({ fn: 'restoreGuarantee', argument: 'saved.method' }, method, METHODS);
  return (await restored(model, saved)) as RestoredGuarantee<S>;
}

function restored(model: ModelLike, saved: SavedGuarantee): Promise<RestoredGuarantee<SavedGuarantee>> {
  const where = { fn: 'restoreGuarantee', argument: 'saved' };
  checkPlain(where, saved);
  switch (saved.method) {
    case 'radialTemperature':
      checkKeys(where, saved, RADIAL);
      return restoreRadial(model, saved);
    case 'reluGpResidual':
      checkKeys(where, saved, RELU_GP);
      return restoreReluGp(model, saved);
    case 'lastLayerLaplace':
      checkKeys(where, saved, LAPLACE);
      return restoreLaplace(model, saved);
    case 'ccu':
      checkKeys(where, saved, CCU);
      return restoreCcu(model, saved);
    case 'jointDiscriminator':
      checkKeys(where, saved, JOINT);
      return restoreJoint(model, saved);
  }
}

/** Refuses what JSON makes of numbers that it cannot hold, wherever it is. */
function checkPlain(where: Where, value: unknown): void {
  if (typeof value === 'string' || (typeof value === 'number' && Number.isFinite(value))) return;
  if (value === null || typeof value !== 'object')
    refuse(where, 'INVALID_OPTION', 'finite numbers', show(value), 'Pass what `save()` returned.');
  for (const part of Object.values(value)) checkPlain(where, part);
}
