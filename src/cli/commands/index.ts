import type { Command } from '../command';
import { audit } from './audit';
import { certify } from './certify';
import { evaluate } from './evaluate';
import { merge } from './merge';
import { regions } from './regions';
import { train } from './train';

/** All commands by their names, in the order of the help. */
export const commands: ReadonlyMap<string, Command> = new Map(
  Object.entries({ audit, evaluate, train, regions, certify, merge }),
);
