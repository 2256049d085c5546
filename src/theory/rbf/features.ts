/** `exp(-gamma r^2)` of each squared distance. */
export function radialFeatures(squared: Float64Array, gamma: number): Float64Array {
  return squared.map((value) => Math.exp(-gamma * value));
}
