import { describe, expect, it, vi } from 'vitest';
import { OverconfidenceError } from '../../src/core/errors';
import {
  availableParallelism,
  importOptional,
  nodeModules,
  refuseMissing,
  workerThreads,
} from '../../src/core/nodeModules';
import { expectRefusal } from '../support/expectRefusal';

describe('an optional package', () => {
  const wanted = { name: 'pkg', reason: 'it reads files' };
  const refusal = async (load: () => Promise<never>, more = {}): Promise<OverconfidenceError> => {
    const error = await importOptional('f', { ...wanted, ...more }, load).catch((caught: unknown) => caught);
    if (!(error instanceof OverconfidenceError)) throw new Error('it was loaded');
    return error;
  };

  it('is what was imported, where it is installed', async () => {
    expect(await importOptional('f', wanted, async () => 7)).toBe(7);
  });

  it('that is missing is refused by name, with the reason, the error and what to install', async () => {
    const cause = new Error("Cannot find package 'pkg' imported from here");
    const error = await refusal(() => Promise.reject(cause));
    expect(error).toMatchObject({ code: 'MISSING_DEPENDENCY', fn: 'f', argument: 'pkg', cause });
    expect(error.message).toBe(
      'f: expected `pkg` to be installed: it reads files, but got nothing: pkg is not installed. Run: npm install pkg',
    );
    const two = await refusal(() => Promise.reject(cause), { install: 'pkg other' });
    expect(two.fix).toBe('Run: npm install pkg other');
  });

  it('that is there and fails is not said to be missing: the first line of its error is shown', async () => {
    expect((await refusal(() => Promise.reject(new Error('no memory\nat x')))).got).toBe(
      'an import that failed (no memory)',
    );
    expect(() => refuseMissing('f', wanted, 'text')).toThrow('an import that failed (text)');
  });
});

describe('the modules of Node', () => {
  const where = { fn: 'f', argument: 'folder' };

  it('are those of this process', () => {
    const { fs, crypto, zlib } = nodeModules(where, '');
    expect([typeof fs.readFile, typeof crypto.createHash, typeof zlib.gunzipSync]).toEqual(Array(3).fill('function'));
    expect(typeof workerThreads()?.Worker).toBe('function');
    expect(availableParallelism()).toBeGreaterThanOrEqual(1);
  });

  it.each([
    ['a browser', undefined],
    ['a Node that is too old', { ...process, getBuiltinModule: undefined }],
  ])('are refused in %s, where there are no worker threads and the browser knows the processors', async (_, other) => {
    const there = <T>(work: () => T): T => {
      vi.stubGlobal('process', other);
      vi.stubGlobal('navigator', { hardwareConcurrency: 12345 });
      try {
        return work();
      } finally {
        vi.unstubAllGlobals();
      }
    };
    await expectRefusal(() => there(() => nodeModules(where, 'Pass the bytes.')), {
      code: 'INVALID_ARGUMENT',
      ...where,
    });
    expect(there(workerThreads)).toBeUndefined();
    expect(there(availableParallelism)).toBe(12345);
  });
});
