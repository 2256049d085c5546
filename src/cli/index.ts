#!/usr/bin/env node
import { isMainThread } from 'node:worker_threads';
import { superviseThread } from './interrupts';
import { processIo } from './io';
import { main } from './main';

if (isMainThread) superviseThread(new URL(import.meta.url), processIo());
else
  main(process.argv.slice(2), processIo()).then((code) => {
    // Once all is written; some backends would keep the thread alive.
    process.stderr.write('', () => process.stdout.write('', () => process.exit(code)));
  });
