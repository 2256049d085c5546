#!/usr/bin/env node
import { processIo } from './io';
import { main } from './main';

main(process.argv.slice(2), processIo()).then((code) => {
  // Once all is written; some backends would keep the process alive.
  process.stdout.write('', () => process.exit(code));
});
