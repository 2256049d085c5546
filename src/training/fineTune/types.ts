import type { DataLike } from '../../classifier/labelledData';
import type { Progress } from '../../core/progress';
import type { CheckpointStore } from '../fileCheckpoint';
import type { AcetOptions } from '../types';

/** Options of {@link fineTune}. */
export interface FineTuneOptions extends Omit<AcetOptions, 'rng' | 'lambda' | 'weightDecay'> {
  /** Weight of the loss on noise, lambda of equations (1) and (2). The paper's 1 costs more accuracy than it gains. @defaultValue 0.3 */
  readonly lambda?: number;
  /** Factor of the sum of squared decayed weights (no 1/2) in the loss. It takes a trained model away from where it was. @defaultValue 0 */
  readonly weightDecay?: number;
  /** `'acet'` trains on the worst points near noise, `'ceda'` on the noise itself. @defaultValue 'acet' */
  readonly method?: 'acet' | 'ceda';
  /**
   * Which layers learn: `'all'`; `'head'`, the dense layers that the model ends in, or the last one of a model that has no others;
   * or the last so many layers that have weights. Only a LayersModel has layers. @defaultValue 'all'
   */
  readonly layers?: 'all' | 'head' | number;
  /** Updates of the weights, at the most. @defaultValue 1000 */
  readonly updates?: number;
  /** Examples of each update. @defaultValue 256 */
  readonly batchSize?: number;
  /**
   * Noise images of each update, `batchSize` at most. They take most of the time, for each is attacked; more examples beside as many
   * noise images cost little. @defaultValue 64, or batchSize where that is less
   */
  readonly noiseSize?: number;
  /**
   * Share of the examples of each update, in [0, 1], that are mixtures `a x + (1 - a) x'` of two images, a from U(0, 1), with what the
   * model answered before the training for labels: they hold the model where it was between the images at hand. The others have
   * the labels of the data. 0 is the paper's objective. @defaultValue 0.5
   */
  readonly matching?: number;
  /** Of Adam, between the first ten updates, in which it rises, and the last, in which it falls to zero. @defaultValue 1e-3 */
  readonly learningRate?: number;
  /** Data that are never trained on, or the share of `data` that is held out, of each class alike. @defaultValue 0.2, or 2,000 examples where that is less */
  readonly validation?: DataLike | number;
  /** How far the error on the validation data may rise, in percentage points, beyond the error bar of the rise. @defaultValue 0.5 */
  readonly tolerance?: number;
  /** Whether the trained weights stay in the model where they are no better than those before. @defaultValue false */
  readonly force?: boolean;
  /** Noise images on which confidence is measured. @defaultValue 100, fewer of large images, down to 8 */
  readonly samples?: number;
  /** Updates between two measurements. @defaultValue a twentieth of `updates`, with `layers: 'head'` a fifth */
  readonly checkEvery?: number;
  /** Bytes that an update may use; where a batch needs more, its gradient is summed up over parts. @defaultValue half of what the backend (wasm: 4 GiB) or the machine has */
  readonly memory?: number;
  /** Called after each measurement. */
  readonly onCheck?: (record: FineTuneRecord) => void;
  /** Called after each update; `total` shrinks when the end comes earlier. */
  readonly onStep?: (progress: Progress) => void;
  /** Where to save and resume: a file name (Node) or a store. @defaultValue none */
  readonly checkpoint?: string | CheckpointStore;
  /** Updates between checkpoints; one is also written after each measurement and on abort. @defaultValue 50 */
  readonly checkpointEvery?: number;
  /** Stops after the update in progress, with a checkpoint if there is a place for one, and the weights as they were before. */
  readonly signal?: AbortSignal;
}

/** A model on the validation data and on noise made of them, in inference mode. */
export interface FineTuneMeasurement {
  /** Share of wrong predictions, in [0, 1]. */
  readonly error: number;
  /** Mean confidence on the data. */
  readonly confidence: number;
  /** Mean confidence on noise. */
  readonly noise: number;
  /** Mean confidence on the same noise after `maxConfidenceAttack` within `epsilon`. */
  readonly attackedNoise: number;
}

/** One measurement on the way. */
export interface FineTuneRecord extends FineTuneMeasurement {
  /** Updates made until then. */
  readonly update: number;
  /** Learning rate of the last of them. */
  readonly learningRate: number;
  /** Mean cross entropy on the training examples since the measurement before, in nats. */
  readonly inLoss: number;
  /** Mean of `outLoss` since then. */
  readonly outLoss: number;
  /** Rise of the error since before the training, in [-1, 1], and its standard error: the same examples are compared. */
  readonly rise: {
    /** Error now less error before. */
    readonly value: number;
    /** Standard error of that difference. */
    readonly standardError: number;
  };
  /** Whether that is within the tolerance. */
  readonly allowed: boolean;
}

/**
 * How a fine-tuning ended. `'improved'`: less sure of noise, and no more wrong on the data than allowed. `'worse'`: no weights met
 * were within the tolerance. `'no better'`: noise is told from data no better than before. `'chance'`: not begun, for the model
 * is no better than a guess on the data.
 */
export type FineTuneOutcome = 'improved' | 'worse' | 'no better' | 'chance';

/** What a fine-tuning did; plain data. */
export interface FineTuneResult {
  /** How it ended. */
  readonly outcome: FineTuneOutcome;
  /** Whether `outcome` is `'improved'`. */
  readonly improved: boolean;
  /** Why, and what to do about it, in a sentence or two. */
  readonly reason: string;
  /** The model as it came; attacks here and in `after` have 50 steps, on the way 20. */
  readonly before: FineTuneMeasurement;
  /** The model with the best weights met, whether they were kept or not. */
  readonly after: FineTuneMeasurement;
  /** All measurements on the way. */
  readonly checks: readonly FineTuneRecord[];
  /** Updates made in all. */
  readonly updates: number;
  /** The update after which the best weights were met. */
  readonly best: number;
  /** The parts of a batch whose gradients were summed up, 1 where it went through in one. */
  readonly parts: number;
  /** Examples trained on, and examples validated on. */
  readonly examples: {
    /** Trained on. */
    readonly training: number;
    /** Held out, or given, for validation. */
    readonly validation: number;
  };
}
