import type { UsedAttack, UsedSettings } from './oodReport';
import type { ResolvedAttack, ResolvedOptions } from './resolveOptions';

/** The settings as a report tells them. */
export function usedSettings({ seed, attackBatchSize, noiseSamples, ...rest }: ResolvedOptions): UsedSettings {
  return {
    seed,
    attackBatchSize,
    noiseSamples,
    adversarialNoise: usedAttack(rest.adversarialNoise),
    adversarialSamples: usedAttack(rest.adversarialSamples),
  };
}

function usedAttack(settings: ResolvedAttack | undefined): UsedAttack | null {
  if (settings === undefined) return null;
  const { attack, epsilon, stepSize, steps, restarts, samples } = settings;
  return { attack: attack.name, epsilon, stepSize, steps, restarts, samples };
}
