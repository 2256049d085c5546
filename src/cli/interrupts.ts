import { existsSync } from 'node:fs';
import { parentPort, Worker } from 'node:worker_threads';
import { Interrupted } from './cliError';
import { explain } from './explain';
import type { Io } from './io';

/** How long, in milliseconds, work may go on after an interrupt until it has reached a place where it can stop by itself. */
const PATIENCE = 2000;

/** What the thread that works tells the one that hears signals: that it can stop by itself, and where it keeps what is done. */
type Told = { readonly keepsIn: string | undefined };

/**
 * Has the script run by a thread of its own, so that Ctrl-C and SIGTERM are heard whatever it is doing: the first is passed
 * on, and after two seconds, or at the second, the process ends.
 */
export function superviseThread(script: string | URL, io: Io): void {
  const { stdout, stderr } = io;
  const streams = [stdout, stderr].map(({ isTTY, columns }) => ({ isTTY, columns }));
  const thread = new Worker(script, { argv: process.argv.slice(2), workerData: streams });
  let told: Told | undefined;
  let interrupted = false;
  thread.on('message', (message: Told) => {
    told = message;
  });
  const stop = () => {
    void thread.terminate();
    const file = told?.keepsIn;
    const kept = file !== undefined && existsSync(file);
    const what = kept ? `What was done is kept in ${file}.` : 'It was too early for anything to be kept.';
    const code = explain(new Interrupted(what, kept ? 'The same command goes on from there.' : 'Run it again.'), io);
    process.stderr.write('', () => process.exit(code));
  };
  for (const name of ['SIGINT', 'SIGTERM'] as const)
    process.on(name, () => {
      if (interrupted || told === undefined) return stop();
      interrupted = true;
      thread.postMessage(name);
      setTimeout(stop, PATIENCE);
    });
  thread.on('error', (error) => {
    process.exitCode = explain(error, io);
  });
  thread.on('exit', (code) => {
    if (process.exitCode === undefined) process.exit(code);
  });
}

/** From now on an interrupt fires this signal. */
export function catchInterrupts(): AbortSignal {
  const controller = new AbortController();
  parentPort?.on('message', (name) => controller.abort(name));
  parentPort?.unref();
  keepIn(undefined);
  return controller.signal;
}

/** Says which file what is done is written to again and again. */
export function keepIn(file: string | undefined): void {
  parentPort?.postMessage({ keepsIn: file } satisfies Told);
}
