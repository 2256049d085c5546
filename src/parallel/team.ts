import type * as tf from '@tensorflow/tfjs-core';
import type { LayersModel } from '@tensorflow/tfjs-layers';
import type { Classifier } from '../classifier/types';
import type { Crew } from './crew';

/** A model and the workers that have copies of it. */
export interface Team {
  readonly crew: Crew;
  readonly model: LayersModel;
  readonly net: Classifier;
  /** All variables of the model, in the order in which workers know them. */
  readonly variables: readonly tf.Variable[];
}

/** The public function that is at work, and what may stop it. */
export interface Calling {
  readonly fn: string;
  readonly signal: AbortSignal | undefined;
}
