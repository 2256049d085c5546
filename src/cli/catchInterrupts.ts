import { EXIT } from './exitCodes';

/** From now on the first Ctrl-C, or SIGTERM, fires this signal; the second ends the program as soon as it is heard. */
export function catchInterrupts(): AbortSignal {
  const controller = new AbortController();
  for (const name of ['SIGINT', 'SIGTERM'] as const)
    process.on(name, () => {
      if (controller.signal.aborted) process.exit(EXIT.interrupted);
      controller.abort(name);
    });
  return controller.signal;
}
