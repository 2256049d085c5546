export { type LenetOptions, lenet } from './lenet';
export { type MlpOptions, mlp } from './mlp';
export { type ResnetSmallOptions, resnetSmall } from './resnetSmall';
