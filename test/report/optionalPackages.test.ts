import { afterEach, describe, expect, it, vi } from 'vitest';
import { OverconfidenceError } from '../../src/core/errors';
import { confidenceMap, imageGrid, rocPlot } from '../../src/report';

const absent = () => {
  throw new Error('not there');
};

const refusalOf = async (work: () => Promise<unknown>): Promise<OverconfidenceError> => {
  const caught = await work().catch((error: unknown) => error);
  expect(caught).toBeInstanceOf(OverconfidenceError);
  return caught as OverconfidenceError;
};

const plot = () => rocPlot([1], { a: [0] });
const map = () => confidenceMap((points) => new Float64Array(points.length / 2).fill(0.5), { resolution: 2 });
const grid = () => imageGrid({ rows: [{ label: '', images: [0], count: 1, height: 1, width: 1, channels: 1 }] });

describe('optional packages', () => {
  afterEach(() => {
    for (const name of ['@observablehq/plot', 'linkedom', 'fast-png']) vi.doUnmock(name);
    vi.resetModules();
  });

  it.each([
    ['@observablehq/plot', 'rocPlot', plot],
    ['linkedom', 'rocPlot', plot],
    ['fast-png', 'imageGrid', grid],
    ['fast-png', 'confidenceMap', map],
  ] as const)('are named with the command that installs them when absent: %s in %s', async (name, fn, work) => {
    vi.doMock(name, absent);
    const error = await refusalOf(work);
    expect(error).toMatchObject({ code: 'MISSING_DEPENDENCY', fn, argument: name, fix: `Run: npm install ${name}` });
    expect(error.cause).toBeDefined();
  });
});
