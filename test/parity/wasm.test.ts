import '@tensorflow/tfjs-backend-wasm';
import * as tf from '@tensorflow/tfjs-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { disableWasmTraining, enableWasmTraining } from '../../src/wasm';
import { computations } from './computations';
import { expectEnvironment, expectRan, expectSameNumbers } from './expectParity';
import { networks } from './fixtures';
import { type ParityRun, runComputations } from './runComputations';
import { tolerances } from './tolerances';

const everything = computations.map(({ name }) => name);

let cpu: ParityRun;
beforeAll(async () => {
  cpu = await runComputations('cpu');
}, 120_000);
afterAll(() => tf.setBackend('cpu'));

describe('cpu', () => {
  test('runs every computation, resumes bit for bit, and lacks nothing', () => {
    expectRan(cpu, everything);
    expectSameNumbers(cpu, cpu);
    expectEnvironment(cpu, 'cpu');
  });

  test('has no gradient by the input so near to zero that rounding could turn its sign, which attacks follow', () => {
    for (const network of Object.keys(networks)) {
      const { gradient } = cpu.outcomes[`${network}: gradient of lpOut by the input`]!.numbers!;
      const sizes = gradient!.map((value) => Math.abs(Number(value)));
      expect(Math.min(...sizes) / Math.max(...sizes), network).toBeGreaterThan(tolerances.gradients);
    }
  });

  test('gives the same numbers for the same seed', async () => {
    const again = await runComputations(
      'cpu',
      everything.filter((name) => !/^(LeNet|ResNet)/.test(name)),
    );
    for (const [name, { numbers }] of Object.entries(again.outcomes))
      expect(numbers, name).toEqual(cpu.outcomes[name]!.numbers);
  });
});

describe('wasm with its stock kernels', () => {
  const untrainable = [
    ...['plain', 'CEDA', 'ACET'].map((method) => `LeNet: ${method} step`),
    ...['plain', 'CEDA', 'ACET'].map((method) => `ResNet: ${method} step`),
  ];
  let run: ParityRun;
  beforeAll(async () => {
    run = await runComputations('wasm');
  });

  test('gives the numbers of cpu wherever no filter is differentiated', () => {
    expectRan(
      run,
      everything.filter((name) => !untrainable.includes(name)),
    );
    expectSameNumbers(cpu, run);
  });

  test('refuses to train convolutions, naming the kernel and the fix', () => {
    for (const name of untrainable) {
      const { error, leaked } = run.outcomes[name]!;
      expect(error?.code, name).toBe('MISSING_KERNEL');
      expect(error?.message, name).toMatch(/Conv2DBackpropFilter.*enableWasmTraining\(\)/);
      expect(leaked, name).toBe(0);
    }
  });

  test('is reported by checkEnvironment to lack exactly the kernels that enableWasmTraining brings', () => {
    expectEnvironment(run, 'wasm', [
      'Conv2DBackpropFilter',
      'DepthwiseConv2dNativeBackpropFilter',
      'DepthwiseConv2dNativeBackpropInput',
      'UnsortedSegmentSum',
    ]);
    expect(run.environment.problems[0]!.fix).toContain('enableWasmTraining()');
  });
});

describe.each([true, false])('wasm after enableWasmTraining({ winograd: %s })', (winograd) => {
  let run: ParityRun;
  beforeAll(async () => {
    enableWasmTraining({ winograd });
    run = await runComputations('wasm');
  });
  afterAll(() => disableWasmTraining());

  test('runs every computation, gives the numbers of cpu and lacks nothing', () => {
    expectRan(run, everything);
    expectSameNumbers(cpu, run);
    expectEnvironment(run, 'wasm');
  });
});
