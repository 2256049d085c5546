import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { build } from 'vite';

const root = fileURLToPath(new URL('../..', import.meta.url));
const cache = join(root, '.cache');
const page = join(root, 'examples', 'browser');

/**
 * The folder with the demo page, built. The test files that open it share one build, which is made again once its sources or the
 * package have changed; whoever comes while it is made waits for it.
 */
export async function builtDemoPage(): Promise<string> {
  const folder = join(cache, `demo-page-${await hashOfSources()}`);
  const lock = join(cache, 'demo-page.lock');
  await mkdir(cache, { recursive: true });
  while (!existsSync(folder)) {
    if (await isTaken(lock)) await setTimeout(200);
    else await buildInto(folder).finally(() => rm(lock));
  }
  return folder;
}

/** Takes a lock, unless a process that still runs has it. */
async function isTaken(lock: string): Promise<boolean> {
  try {
    await writeFile(lock, String(process.pid), { flag: 'wx' });
    return false;
  } catch {
    const owner = Number(await readFile(lock, 'utf8').catch(() => ''));
    if (owner > 0 && !isRunning(owner)) await rm(lock, { force: true });
    return true;
  }
}

function isRunning(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

async function buildInto(folder: string): Promise<void> {
  if (existsSync(folder)) return;
  for (const name of await readdir(cache))
    if (/^demo-page-/.test(name)) await rm(join(cache, name), { recursive: true });
  const part = `${folder}.part`;
  await build({
    configFile: join(page, 'vite.config.ts'),
    logLevel: 'error',
    build: { outDir: part, minify: false, reportCompressedSize: false },
  });
  await rename(part, folder);
}

async function hashOfSources(): Promise<string> {
  const files = [...(await filesIn(page)), ...(await filesIn(join(root, 'dist'))), join(root, 'package-lock.json')];
  const hash = createHash('sha256');
  for (const file of files.sort()) hash.update(file).update(await readFile(file));
  return hash.digest('hex').slice(0, 16);
}

async function filesIn(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .filter((file) => !file.includes('/output/') && !file.endsWith('.cjs'));
}
