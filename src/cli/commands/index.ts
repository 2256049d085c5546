import type { Command } from '../command';
import { audit } from './audit';

/** All commands by their names, in the order of the help. */
export const commands: ReadonlyMap<string, Command> = new Map([['audit', audit]]);
