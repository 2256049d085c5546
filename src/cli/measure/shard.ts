import type { Values } from '../args/optionTable';
import { text } from '../args/read';
import { CliError } from '../cliError';

/** One of several parts that a run is dealt out to. */
export interface Shard {
  /** From 0. */
  readonly number: number;
  readonly of: number;
}

/** The shard that `--shard K/N` names, K from 1 to N; the whole where it is not given. */
export function shardOf(values: Values): Shard {
  const [, k = Number.NaN, n = Number.NaN] = (/^(\d+)\/(\d+)$/.exec(text(values, 'shard') ?? '1/1') ?? []).map(Number);
  if (!(k >= 1 && k <= n))
    throw new CliError(
      `--shard takes K/N with K from 1 to N, not ${JSON.stringify(values.shard)}.`,
      'Write for example --shard 1/8 on the first of eight machines.',
    );
  return { number: k - 1, of: n };
}
