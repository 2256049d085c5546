export { gaussianLowPass } from './gaussianLowPass';
export type { BoundsOptions, NoiseOptions, NoiseSampler, PaperNoiseOptions } from './options';
export { paperNoise } from './paperNoise';
export { paperSampler, type SamplerOptions } from './paperSampler';
export { permutePixels } from './permutePixels';
export { stretchContrast } from './stretchContrast';
export { uniformNoise } from './uniformNoise';
