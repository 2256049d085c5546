import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test, vi } from 'vitest';
import { CliError } from '../../../src/cli/cliError';
import type { Io } from '../../../src/cli/io';
import {
  checkFolder,
  checkThreshold,
  deliver,
  deliverShard,
  deliveryOf,
  exitCodeOf,
  needForPictures,
  shardFile,
} from '../../../src/cli/result/deliver';
import { summarise } from '../../../src/cli/result/summarise';
import { ATTACKED, record, row, rows } from './records';

const folder = mkdtempSync(join(tmpdir(), 'deliver-'));
afterAll(() => rmSync(folder, { recursive: true }));

/** A world that keeps what is written to stdout. */
function world(): { readonly io: Io; readonly written: () => string } {
  let text = '';
  const write = (more: string) => {
    text += more;
  };
  const stdout = { write, isTTY: false, columns: 100 };
  return { io: { stdout, stderr: { ...stdout, write: () => expect.unreachable() }, env: {} }, written: () => text };
}

const NOWHERE = { maxMmc: undefined, json: undefined, html: undefined };
const fine = record(rows(ATTACKED));

describe('a result', () => {
  test('is printed for people, and written nowhere, unless a file is named', async () => {
    const { io, written } = world();
    expect(await deliver(io, NOWHERE, fine)).toBe(0);
    expect(written()).toMatch(/^m\.json: LayersModel, inputs 2 in \[0, 1\], 10 classes\n\nGOOD /);
  });

  test('is written to the JSON file that is named, and printed as well', async () => {
    const { io, written } = world();
    const json = join(folder, 'result.json');
    expect(await deliver(io, { ...NOWHERE, maxMmc: 0.3, json }, fine)).toBe(0);
    const text = readFileSync(json, 'utf8');
    expect(JSON.parse(text)).toEqual(JSON.parse(JSON.stringify(summarise(fine, 0.3))));
    expect(text.endsWith('}\n')).toBe(true);
    expect(written()).toMatch(/^m\.json: [\s\S]*PASSED {2}No row of noise is above --max-mmc 0\.3\.\n/);
  });

  test('goes to stdout as JSON alone for the file -, with the exit code of its threshold', async () => {
    const { io, written } = world();
    const bad = record(rows(row('adversarialNoise', [0.4])));
    expect(await deliver(io, { ...NOWHERE, maxMmc: 0.3, json: '-' }, bad)).toBe(1);
    expect(written()).toBe(`${JSON.stringify(summarise(bad, 0.3), undefined, 2)}\n`);
    expect(existsSync('-')).toBe(false);
  });

  test('is written as a page to the HTML file that is named', async () => {
    const html = join(folder, 'result.html');
    const { io, written } = world();
    await deliver(io, { ...NOWHERE, html }, fine);
    expect(readFileSync(html, 'utf8')).toMatch(/^<!doctype html>[\s\S]*Confidence of m\.json[\s\S]*<\/html>\s*$/i);
    expect(written()).toMatch(/^m\.json: /);
  });

  test('refuses a threshold below the lowest confidence that the classes allow, and says what that is', () => {
    const ten = { classes: 10, head: 'softmax' } as const;
    expect(() => checkThreshold({ maxMmc: 0.05 }, ten)).toThrow(/can never hold: .* with 10 classes is 0\.100/);
    for (const maxMmc of [undefined, 0.1, 0.3]) expect(() => checkThreshold({ maxMmc }, ten)).not.toThrow();
    expect(() => checkThreshold({ maxMmc: 0.05 }, { classes: 10, head: 'sigmoids' })).not.toThrow();
  });

  test('ends with 1 for a broken threshold, with 3 for what could not be measured where there is no threshold', () => {
    const lost = [{ name: 'rays', why: 'failed' }];
    const threshold = (...broken: string[]) => ({ maxMmc: 0.3, broken });
    expect(exitCodeOf({ threshold: threshold('rays'), unmeasured: [] })).toBe(1);
    expect(exitCodeOf({ threshold: threshold(), unmeasured: lost })).toBe(0);
    expect(exitCodeOf({ threshold: null, unmeasured: lost })).toBe(3);
    expect(exitCodeOf({ threshold: null, unmeasured: [] })).toBe(0);
  });
});

describe('where a result goes', () => {
  test('is what the options say, and nothing without options', async () => {
    expect(await deliveryOf({})).toEqual(NOWHERE);
    const [json, html] = [join(folder, 'a.json'), join(folder, 'a.html')];
    expect(await deliveryOf({ 'max-mmc': '0.25', json, html })).toEqual({ maxMmc: 0.25, json, html });
    expect(await deliveryOf({ json: '-' })).toEqual({ ...NOWHERE, json: '-' });
  });

  test('is refused before the work for a threshold outside [0, 1] and a file in a folder that does not exist', async () => {
    for (const mmc of ['-0.1', '1.1', 'x']) await expect(deliveryOf({ 'max-mmc': mmc })).rejects.toThrow(CliError);
    const missing = join(folder, 'missing', 'a');
    for (const values of [{ json: missing }, { html: missing }, { json: '-', html: missing }])
      await expect(deliveryOf(values)).rejects.toThrow(`${missing} cannot be written: there is no folder`);
    const file = join(folder, 'file');
    writeFileSync(file, '');
    await expect(checkFolder(join(file, 'a.json'))).rejects.toThrow(CliError);
    await expect(checkFolder(join(folder, 'a.json'))).resolves.toBeUndefined();
  });

  test.each(['@observablehq/plot', 'linkedom', 'fast-png'])(
    'is refused before the work for a page without %s, which JSON does without',
    async (name) => {
      vi.doMock(name, () => {
        throw new Error(`Cannot find package '${name}'`);
      });
      try {
        const refusal = { code: 'MISSING_DEPENDENCY', fn: '--html', argument: name };
        await expect(deliveryOf({ html: join(folder, 'a.html') })).rejects.toMatchObject(refusal);
        expect(await deliveryOf({ json: '-' })).toEqual({ ...NOWHERE, json: '-' });
        await expect(needForPictures('regions')).rejects.toMatchObject({ ...refusal, fn: 'regions' });
        const alone = needForPictures('unknown', ['fast-png']);
        if (name === 'fast-png') await expect(alone).rejects.toMatchObject({ ...refusal, fn: 'unknown' });
        else await expect(alone).resolves.toBeUndefined();
      } finally {
        vi.doUnmock(name);
      }
    },
  );
});

describe('a shard', () => {
  const shard = { number: 0, of: 2 };
  test('is written to its file as a record, one line of JSON, and stdout says so', async () => {
    const { io, written } = world();
    const file = join(folder, 'part.json');
    expect(await deliverShard(io, file, fine)).toBe(0);
    expect(readFileSync(file, 'utf8')).toBe(`${JSON.stringify(fine)}\n`);
    expect(written()).toContain(`Wrote ${file}`);
  });

  test('needs a file, and takes no page and no threshold', () => {
    expect(shardFile({}, shard)).toBeUndefined();
    expect(shardFile({ json: 'a.json' }, shard)).toBeUndefined();
    expect(shardFile({ shard: '1/2', json: 'a.json' }, shard)).toBe('a.json');
    for (const values of [{}, { json: '-' }])
      expect(() => shardFile({ shard: '1/2', ...values }, shard)).toThrow('A shard is written to a file.');
    for (const name of ['html', 'max-mmc'])
      expect(() => shardFile({ shard: '1/2', json: 'a.json', [name]: '0' }, shard)).toThrow(`--${name}`);
  });
});
