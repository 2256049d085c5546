import { expect } from 'vitest';
import { compare } from './compare';
import type { Outcomes, ParityRun } from './runComputations';
import { tolerances } from './tolerances';

/** Expects the computations of these names to have run and to have left no tensor behind. */
export function expectRan({ outcomes }: ParityRun, names: readonly string[]): void {
  expect(names.flatMap((name) => problems(name, outcomes[name]))).toEqual([]);
}

function problems(name: string, outcome: Outcomes[string] | undefined): string[] {
  if (outcome === undefined) return [`${name}: did not run`];
  return [
    ...(outcome.error ? [`${name}: ${outcome.error.message}`] : []),
    ...(outcome.leaked === 0 ? [] : [`${name}: ${outcome.leaked} tensors left behind`]),
  ];
}

/**
 * Expects every quantity that both runs have within the tolerance of its kind, and a training that was stopped and
 * resumed to end where the whole one ends, bit for bit.
 */
export function expectSameNumbers(reference: ParityRun, run: ParityRun): void {
  const beyond = compare(reference.outcomes, run.outcomes)
    .filter(({ kind, relative }) => !(relative <= tolerances[kind]))
    .map(({ kind, name, quantity, relative }) => {
      return `${name}: ${quantity} differs by ${relative.toExponential(1)}, allowed for ${kind}: ${tolerances[kind]}`;
    });
  expect(beyond).toEqual([]);
  const resumed = run.outcomes['MLP: fit, stopped and resumed']?.numbers?.['resumed minus whole'] ?? [];
  expect(resumed.filter((value) => value !== 0)).toEqual([]);
}

/** Expects `checkEnvironment` to have named the backend and the kernels it lacks, and to complain about nothing else. */
export function expectEnvironment({ environment }: ParityRun, backend: string, missing: readonly string[] = []): void {
  expect(environment).toMatchObject({ backend, gradients: true, missingKernels: missing });
  expect(environment.problems).toHaveLength(missing.length > 0 ? 1 : 0);
}
