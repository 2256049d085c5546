import { ACET_KEYS, CEDA_KEYS, PLAIN_KEYS } from '../../src/training/prepare';
import type { AcetOptions } from '../../src/training/types';

const KEYS = { plain: PLAIN_KEYS, ceda: CEDA_KEYS, acet: ACET_KEYS };

/** Those of some options of ACET that the method has whose name a function begins with. */
export function optionsOf(fn: string, options: AcetOptions): AcetOptions {
  const keys = Object.entries(KEYS).find(([method]) => fn.startsWith(method))![1];
  return Object.fromEntries(Object.entries(options).filter(([key]) => key in keys));
}
