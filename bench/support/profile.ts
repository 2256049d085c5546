import { Session } from 'node:inspector/promises';
import * as tf from '@tensorflow/tfjs-core';
import type { Table } from './report';

const ROWS = 8;

/** Where the time of tensor work goes, kernel by kernel; the work disposes what it makes. */
export async function kernelProfile(title: string, work: () => void): Promise<Table> {
  const start = performance.now();
  const { kernels } = await tf.profile(work);
  const total = performance.now() - start;
  const ms = new Map<string, number>();
  // A fused operation is in the list beside the kernel that it runs.
  for (const { name, kernelTimeMs } of kernels) if (!name.endsWith('__op')) add(ms, name, Number(await kernelTimeMs));
  const inKernels = [...ms.values()].reduce((sum, value) => sum + value, 0);
  ms.set('(outside of kernels)', Math.max(0, total - inKernels));
  return shares(title, 'kernel', ms);
}

/** Where the time of JavaScript goes, function by function, as V8's sampling profiler sees it. */
export async function functionProfile(title: string, work: () => unknown): Promise<Table> {
  const session = new Session();
  session.connect();
  await session.post('Profiler.enable');
  await session.post('Profiler.start');
  await work();
  const { profile } = await session.post('Profiler.stop');
  session.disconnect();
  const names = new Map(profile.nodes.map(({ id, callFrame }) => [id, callFrame.functionName || '(anonymous)']));
  const ms = new Map<string, number>();
  for (const [i, id] of (profile.samples ?? []).entries()) add(ms, names.get(id)!, profile.timeDeltas![i]! / 1000);
  // Neither waiting nor the work of the profiler itself.
  for (const name of ['(idle)', 'dispatch']) ms.delete(name);
  return shares(title, 'function', ms);
}

function add(sums: Map<string, number>, name: string, ms: number): void {
  sums.set(name, (sums.get(name) ?? 0) + ms);
}

function shares(title: string, what: string, ms: ReadonlyMap<string, number>): Table {
  const total = [...ms.values()].reduce((sum, value) => sum + value, 0);
  const percent = (value: number) => `${((100 * value) / total).toFixed(1)} %`;
  const sorted = [...ms].sort(([, a], [, b]) => b - a).slice(0, ROWS);
  return { title, columns: [what, 'share of the time'], rows: sorted.map(([name, value]) => [name, percent(value)]) };
}
