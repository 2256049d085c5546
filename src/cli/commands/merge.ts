import { RESULT_OPTIONS } from '../args/options';
import type { Command } from '../command';

/** `merge`: one result of all shards. */
export const merge: Command = {
  summary: 'makes one result of the parts that --shard has made',
  usage: 'merge <part.json> ... [options]',
  about:
    'Joins the files that `audit` or `evaluate` has written with --shard K/N --json FILE. The result is the one that a single run would have had, to the last byte. The model is not needed.',
  options: RESULT_OPTIONS,
  examples: ['merge part-*.json', 'merge part-*.json --max-mmc 0.3 --json audit.json --html audit.html'],
  run: async (io, args) => (await import('../measure/merge')).merge(io, args),
};
