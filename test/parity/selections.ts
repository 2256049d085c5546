import { computations } from './computations';

/** Names of computations to run. */
export type Names = readonly string[];

const all: Names = computations.map(({ name }) => name);
const steps = ['plain step', 'CEDA step', 'ACET step'];

/**
 * What runs on a GPU that the CPU imitates, where every shader is compiled slowly: each kind of computation and one step of
 * each method on each network, but no shader for the sake of a second attack.
 */
export const onWebgl: Names = all.filter((name) => !/LeNet: (pgdL2|apgdLinf)/.test(name));

/** The same with less on the networks with convolutions. */
export const onWebgpu: Names = all.filter((name) => {
  const [network, computation = ''] = name.split(': ');
  return network === 'MLP'
    ? !/scores|pgdL2|apgdLinf/.test(computation)
    : computation === '' || steps.includes(computation);
});

/** In Node the kernels are those of the browser; what differs is how the GPU is reached. */
export const onNodeWebgpu: Names = all.filter((name) => /^\w+$|^MLP: (gradient|ACET)|^LeNet: ACET/.test(name));
