import type { NumberData } from '../../datasets/numericArray';

/** Images as they lie on disk. */
export interface Found {
  /** `[N, ...]`; images have their channels last, or none. */
  readonly shape: readonly number[];
  readonly values: NumberData;
  /** The value that means white, where values are whole numbers; undefined where they are what the model takes. */
  readonly white: number | undefined;
  readonly labels?: Int32Array | undefined;
}

/** Parts of a data set by their names. */
export type Parts = ReadonlyMap<string, () => Promise<Found>>;
