import type { Values } from '../args/optionTable';
import { oneOf, pair, text } from '../args/read';
import { CliError } from '../cliError';

const OUTPUTS = ['auto', 'logits', 'probabilities'] as const;
/** What a model returns. */
export type Outputs = (typeof OUTPUTS)[number];

/** What the user says of a model. */
export interface ModelSettings {
  readonly bounds: readonly [number, number];
  readonly outputs: Outputs;
  readonly inputShape: readonly number[] | undefined;
}

/** What the options say of a model. */
export function modelSettings(values: Values): ModelSettings {
  return {
    bounds: pair(values, 'bounds', [0, 1] as const),
    outputs: oneOf(values, 'outputs', OUTPUTS, 'auto'),
    inputShape: sizes(text(values, 'input-shape')),
  };
}

function sizes(written: string | undefined): number[] | undefined {
  if (written === undefined) return undefined;
  const list = written.split(/[,x]/).map(Number);
  if (!list.every((size) => Number.isInteger(size) && size > 0))
    throw new CliError(
      `--input-shape takes whole numbers, not ${JSON.stringify(written)}.`,
      'Write for example --input-shape 32,32,3.',
    );
  return list;
}
