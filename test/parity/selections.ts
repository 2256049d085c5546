import { computations } from './computations';

/** Names of computations to run. */
export type Names = readonly string[];

const all: Names = computations.map(({ name }) => name);

/** Whether a computation is on the small network, or one of a network with convolutions that needs all of its kernels. */
function asksEnough(name: string): boolean {
  const [network, computation = ''] = name.split(': ');
  return network === 'MLP' || computation === '' || computation === 'ACET step';
}

/**
 * What runs on a GPU that the CPU imitates, where every shader is compiled slowly: each kind of computation on the small network,
 * and on those with convolutions a step of ACET, which takes noise, attack and both gradients.
 */
export const onWebgl: Names = all.filter(asksEnough);

/** The same with less on the small network. */
export const onWebgpu: Names = all.filter(
  (name) => asksEnough(name) && !/^MLP: (scores|pgdL2|apgdLinf|volumes)/.test(name),
);

/** In Node the kernels are those of the browser; what differs is how the GPU is reached. */
export const onNodeWebgpu: Names = all.filter((name) => /^\w+$|^MLP: (gradient|ACET)/.test(name));
