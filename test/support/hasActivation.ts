import { layers } from '@tensorflow/tfjs-layers';

/** Whether this version of tfjs has an activation: some came after 4.10. */
export function hasActivation(activation: string): boolean {
  try {
    layers.activation({ activation: activation as 'relu' });
    return true;
  } catch {
    return false;
  }
}
