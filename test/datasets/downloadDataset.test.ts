import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Progress } from '../../src/core/progress';
import { type DownloadDatasetOptions, datasetSources, downloadDataset } from '../../src/datasets';
import { expectRefusal } from '../support/expectRefusal';

/** What the server has: two files whose checksums stand in for those of MNIST. */
const CONTENT: Readonly<Record<string, Buffer>> = {
  '/sets/first.gz': Buffer.from(Uint8Array.from({ length: 300_000 }, (_, i) => (i * i) >> 3)),
  '/sets/second.gz': Buffer.from('short'),
};

vi.mock('../../src/datasets/datasetSources', async (importOriginal) => {
  const { createHash } = await import('node:crypto');
  const { datasetSources: original } = await importOriginal<typeof import('../../src/datasets/datasetSources')>();
  const md5 = (bytes: Uint8Array) => createHash('md5').update(bytes).digest('hex');
  const first = Uint8Array.from({ length: 300_000 }, (_, i) => (i * i) >> 3);
  const files = [
    { name: 'first.gz', md5: md5(first) },
    { name: 'second.gz', md5: md5(Buffer.from('short')) },
  ];
  return { datasetSources: { ...original, mnist: { ...original.mnist, files } } };
});

type Answer = (request: IncomingMessage, response: ServerResponse, content: Buffer) => void;

/** Answers as servers of files do, with parts of files too. */
const inParts: Answer = ({ headers }, response, content) => {
  const from = Number(/^bytes=(\d+)-$/.exec(headers.range ?? '')?.[1] ?? 0);
  if (from >= content.length) return void response.writeHead(416).end();
  const range = { 'content-range': `bytes ${from}-${content.length - 1}/${content.length}` };
  response.writeHead(from > 0 ? 206 : 200, { 'content-length': content.length - from, ...(from > 0 ? range : {}) });
  response.end(content.subarray(from));
};

const whole: Answer = (_, response, content) => void response.end(content);

/** Breaks the connection after 100,000 bytes. */
const breaking: Answer = (_, response, content) => {
  response.writeHead(200, { 'content-length': content.length });
  response.write(content.subarray(0, 100_000), () => setTimeout(() => response.destroy(), 50));
};

let answer: Answer;
let asked: string[];
let folder: string;
let baseUrl: string;
const server = createServer((request, response) => {
  asked.push(`${request.url} ${request.headers.range ?? 'whole'}`);
  const content = CONTENT[request.url ?? ''];
  if (content === undefined) response.writeHead(404).end('not here');
  else answer(request, response, content);
});

beforeEach(async () => {
  answer = inParts;
  asked = [];
  folder = await mkdtemp(join(tmpdir(), 'download-'));
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  baseUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}/sets`;
});
afterEach(async () => {
  server.closeAllConnections();
  await new Promise((resolve) => {
    server.close(resolve);
  });
  await rm(folder, { recursive: true });
});

const download = (options: DownloadDatasetOptions = {}) => downloadDataset('mnist', folder, { baseUrl, ...options });
const first = () => join(folder, 'mnist', 'first.gz');
const size = async (path: string) => (await stat(path)).size;
const failed = { code: 'DOWNLOAD_FAILED', fn: 'downloadDataset', argument: 'baseUrl' } as const;

async function expectWhole(): Promise<void> {
  expect(Buffer.compare(await readFile(first()), CONTENT['/sets/first.gz']!)).toBe(0);
  await expect(stat(`${first()}.partial`)).rejects.toThrow('ENOENT');
}

describe('downloadDataset', () => {
  it('fetches every file of a set, tells how far it is, and returns the paths', async () => {
    const told: Progress[] = [];
    expect(await download({ onProgress: (progress) => told.push(progress) })).toEqual([
      first(),
      join(folder, 'mnist', 'second.gz'),
    ]);
    await expectWhole();
    const [begin, end] = [told[0]!, told.filter(({ label }) => label === 'first.gz').at(-1)!];
    expect(begin).toMatchObject({ label: 'first.gz', total: 300_000 });
    expect(end).toMatchObject({ done: 300_000, total: 300_000 });
    expect(told.at(-1)).toMatchObject({ label: 'second.gz', done: 5, total: 5 });
  });

  it('fetches nothing twice', async () => {
    await download();
    asked = [];
    await download();
    expect(asked).toEqual([]);
  });

  it('goes on where a broken connection stopped', async () => {
    answer = breaking;
    await expectRefusal(() => download(), failed);
    const kept = await size(`${first()}.partial`);
    expect(kept).toBeGreaterThan(0);
    answer = inParts;
    asked = [];
    const told: Progress[] = [];
    await download({ onProgress: (progress) => told.push(progress) });
    expect(asked[0]).toBe(`/sets/first.gz bytes=${kept}-`);
    expect(told[0]!.done).toBeGreaterThan(kept);
    expect(told[0]!.total).toBe(300_000);
    await expectWhole();
  });

  it('starts again where the server cannot send parts', async () => {
    answer = breaking;
    await expectRefusal(() => download(), failed);
    answer = whole;
    await download();
    await expectWhole();
  });

  it('starts again where what was kept is longer than the file', async () => {
    answer = breaking;
    await expectRefusal(() => download(), failed);
    await writeFile(`${first()}.partial`, Buffer.alloc(400_000));
    answer = inParts;
    await download();
    await expectWhole();
  });

  it('refuses a part that begins elsewhere', async () => {
    answer = breaking;
    await expectRefusal(() => download(), failed);
    answer = (_, response) => void response.writeHead(206, { 'content-range': 'bytes 7-299999/300000' }).end('x');
    await expectRefusal(() => download(), failed);
  });

  it('refuses and removes a file with another checksum, and names it', async () => {
    answer = (_, response, content) => void response.end(content.map((byte, i) => (i === 5 ? byte ^ 1 : byte)));
    await expectRefusal(() => download(), {
      code: 'INVALID_DATA',
      fn: 'downloadDataset',
      argument: `${folder}/mnist/first.gz`,
    });
    await expect(stat(`${first()}.partial`)).rejects.toThrow('ENOENT');
    await expect(stat(first())).rejects.toThrow('ENOENT');
  });

  it('leaves alone a file of that name which it did not write', async () => {
    await download();
    await writeFile(first(), 'mine');
    await expectRefusal(() => download(), {
      code: 'INVALID_DATA',
      fn: 'downloadDataset',
      argument: `${folder}/mnist/first.gz`,
    });
    expect((await readFile(first())).toString()).toBe('mine');
  });

  it('refuses a server that has not got the file, and one that is not there', async () => {
    await expectRefusal(() => download({ baseUrl: `${baseUrl}/elsewhere/` }), failed);
    await expectRefusal(() => download({ baseUrl: 'http://127.0.0.1:1/' }), failed);
  });

  it('stops when told to and keeps what has arrived', async () => {
    const stop = new AbortController();
    answer = (_, response, content) => {
      response.writeHead(200, { 'content-length': content.length });
      response.write(content.subarray(0, 1000));
    };
    const refusal = { code: 'ABORTED', fn: 'downloadDataset', argument: 'signal' } as const;
    await expectRefusal(() => download({ signal: stop.signal, onProgress: () => stop.abort() }), refusal);
    expect(await size(`${first()}.partial`)).toBe(1000);
    await expectRefusal(() => download({ signal: AbortSignal.abort() }), refusal);
  });

  it('passes on what a progress function throws', async () => {
    const onProgress = () => {
      throw new Error('mine');
    };
    await expect(download({ onProgress })).rejects.toThrow('mine');
  });

  it('refuses sets without files to fetch, and other arguments', async () => {
    const bad = (argument: string) => ({ code: 'INVALID_OPTION', fn: 'downloadDataset', argument }) as const;
    await expectRefusal(() => downloadDataset('digits', folder), bad('name'));
    await expectRefusal(() => downloadDataset('imagenet' as never, folder), bad('name'));
    await expectRefusal(() => download({ baseUrl: 'ftp://example.org/' }), bad('baseUrl'));
    await expectRefusal(() => downloadDataset('mnist', ''), { ...bad('folder'), code: 'INVALID_ARGUMENT' });
  });
});

describe('datasetSources', () => {
  it('gives an address and checksums of 32 digits for every file, and a home page for every set', () => {
    for (const { homepage, baseUrl: base, files } of Object.values(datasetSources)) {
      expect(homepage).toMatch(/^https?:\/\//);
      expect(files.length > 0).toBe(base !== undefined);
      if (base !== undefined) expect(base).toMatch(/^https?:\/\/.*\/$/);
      for (const { md5 } of files) expect(md5).toMatch(/^[0-9a-f]{32}$/);
    }
  });
});
