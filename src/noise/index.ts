export { gaussianLowPass } from './gaussianLowPass';
export type { NoiseSampler } from './noiseSampler';
export type { BoundsOptions, NoiseOptions, PaperNoiseOptions } from './options';
export { paperNoise } from './paperNoise';
export { paperSampler, type SamplerOptions } from './paperSampler';
export { permutePixels } from './permutePixels';
export { stretchContrast } from './stretchContrast';
export { uniformNoise } from './uniformNoise';
