import { spawn } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll } from 'vitest';

/** The built command. */
export const program = fileURLToPath(new URL('../../dist/cli.js', import.meta.url));

const root = fileURLToPath(new URL('../..', import.meta.url));
refuseOldBuild(join(root, 'src'), program);

/** Refuses a build that is older than a file that it was made from: its tests would tell of code that is gone. */
export function refuseOldBuild(source: string, built: string): void {
  const made = statSync(built, { throwIfNoEntry: false })?.mtimeMs;
  if (made === undefined) throw new Error(`${built} is missing. Run \`npm run build\` before these tests.`);
  const newer = readdirSync(source, { recursive: true, encoding: 'utf8' }).find((name) => {
    const found = statSync(join(source, name));
    return found.isFile() && found.mtimeMs > made;
  });
  if (newer !== undefined)
    throw new Error(`${built} is older than ${join(source, newer)}. Run \`npm run build\` before these tests.`);
}

/** What a run of the command has left. */
export interface Run {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** A folder of its own for this file of tests, removed at the end. */
export function scratchFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'relu-overconfidence-'));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** Runs the built command in a folder; `onStderr` may send signals as it goes on. */
export function runCli(
  cwd: string,
  args: readonly string[],
  onStderr: (text: string, kill: (signal: NodeJS.Signals) => void) => void = () => {},
): Promise<Run> {
  const child = spawn(process.execPath, [program, ...args], { cwd, env: { ...process.env, COLUMNS: '100' } });
  let [stdout, stderr] = ['', ''];
  child.stdout.on('data', (text) => {
    stdout += text;
  });
  child.stderr.on('data', (text) => {
    stderr += text;
    onStderr(stderr, (signal) => child.kill(signal));
  });
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code) => resolve({ code, stdout, stderr }));
  });
}
