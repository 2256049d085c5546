import type { Plane2d } from './sliceTypes';

/** The plane of all inputs of a network with two of them: s is the first, t the second. */
export const inputPlane: Plane2d = { origin: [0, 0], u: [1, 0], v: [0, 1] };
