export { type IdxData, parseIdx } from './parseIdx';
export { type TwoMoons, type TwoMoonsOptions, twoMoons } from './twoMoons';
