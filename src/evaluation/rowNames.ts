/** Name of the row of the in-distribution test set. */
export const IN_DISTRIBUTION = 'in-distribution';
/** Name of the row of noise when the caller gives no names. */
export const NOISE = 'noise';
/** Name of the row of attacked noise. */
export const ADVERSARIAL_NOISE = 'adversarial noise';
/** Name of the row of attacked in-distribution images. */
export const ADVERSARIAL_SAMPLES = 'adversarial samples';
