import type { Kind } from './computations';

/**
 * How far a backend may be from cpu, as the largest difference of a quantity divided by its largest value. Each is five
 * to twenty times what float32 rounding was seen to do; a wrong kernel, stride or sign is off by more than a hundredth.
 */
export const tolerances: Readonly<Record<Kind, number>> = {
  losses: 1e-6,
  noise: 1e-6,
  scores: 1e-5,
  gradients: 1.5e-5,
  attacks: 1e-5,
  steps: 2e-5,
  // Dividing by the spread of a small batch, in 19 layers one after the other, magnifies rounding.
  'batch-norm steps': 5e-4,
  training: 1e-5,
};
