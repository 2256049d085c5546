export type { NumberData, NumberType, NumericArray } from './numericArray';
export { parseIdx } from './parseIdx';
export { parseTensorBundle } from './parseTensorBundle';
export { type TwoMoons, type TwoMoonsOptions, twoMoons } from './twoMoons';
