#!/usr/bin/env node
import { EXIT } from './exitCodes';
import { processIo } from './io';
import { main } from './main';

const controller = new AbortController();
for (const name of ['SIGINT', 'SIGTERM'] as const)
  process.on(name, () => {
    // The second time there is no waiting for the batch at hand.
    if (controller.signal.aborted) process.exit(EXIT.interrupted);
    controller.abort(name);
  });

main(process.argv.slice(2), processIo(controller.signal)).then((code) => {
  process.exitCode = code;
});
