import * as tf from '@tensorflow/tfjs-core';
import type { LayersModel } from '@tensorflow/tfjs-layers';
import {
  type FineTuneOptions,
  type FineTuneRecord,
  type FitOptions,
  fineTune,
  fit,
  type LabelledData,
  lpOut,
  maxConfidenceAttack,
  maxLogOdds,
  pgdLinf,
  uniformCrossEntropy,
} from 'relu-overconfidence';

/** A part of a recipe, for a share of the updates (the whole): what `fineTune`, or `fit`, is given besides what all are given. */
interface Stage {
  readonly share?: number;
  readonly fineTune?: FineTuneOptions;
  readonly fit?: () => FitOptions;
}

/** What `fineTune` does, by `fit`: in training mode, so that batch normalisation learns new statistics and dropout is on. */
const BY_FIT: FitOptions = { method: 'acet', outLoss: maxLogOdds, attack: maxConfidenceAttack, steps: 5 };

/** What candidates had that were tried before the model was held to its own answers. */
const LABELS: FineTuneOptions = { matching: 0, weightDecay: 5e-4 };

/** Candidates: the defaults of `fineTune`, departures from them, and those tried before. */
export const RECIPES: Readonly<Record<string, readonly Stage[]>> = {
  'the defaults': [{ fineTune: {} }],
  'weight decay 5e-4': [{ fineTune: { weightDecay: 5e-4 } }],
  'answers alone': [{ fineTune: { matching: 1 } }],
  'lambda 0.15': [{ fineTune: { lambda: 0.15 } }],
  'labels alone': [{ fineTune: LABELS }],
  'the paper’s loss and attack': [{ fineTune: { ...LABELS, outLoss: lpOut, attack: pgdLinf } }],
  'the paper’s loss': [{ fineTune: { ...LABELS, outLoss: lpOut } }],
  'a start with uniform cross entropy, then the paper’s loss': [
    // By fit, which goes on from the last weights and not from the best.
    { share: 0.25, fit: () => ({ ...BY_FIT, outLoss: uniformCrossEntropy }) },
    { share: 0.75, fineTune: { ...LABELS, outLoss: lpOut } },
  ],
  '2 steps of the attack': [{ fineTune: { ...LABELS, steps: 2 } }],
  'lambda 1, 64 examples': [{ fineTune: { ...LABELS, lambda: 1, batchSize: 64 } }],
  'lambda 0.5, 64 examples': [{ fineTune: { ...LABELS, lambda: 0.5, batchSize: 64 } }],
  'lambda 0.2, 64 examples': [{ fineTune: { ...LABELS, lambda: 0.2, batchSize: 64 } }],
  CEDA: [{ fineTune: { ...LABELS, method: 'ceda' } }],
  'batch norm and dropout in training mode': [{ fit: () => BY_FIT }],
  'the same with SGD': [{ fit: () => ({ ...BY_FIT, optimizer: tf.train.momentum(0.01, 0.9) }) }],
};

/** How a run of a recipe is told apart from others, and watched. */
export interface RunOptions {
  readonly updates: number;
  readonly epsilon: number;
  readonly seed: number;
  /** A file for each stage: this and its number. */
  readonly checkpoint: string;
  readonly onCheck: (record: FineTuneRecord) => void;
  /** What only this model asks for. */
  readonly options: FineTuneOptions;
}

/** What came of it; `fit` neither measures on the way nor judges. */
export interface Ran {
  readonly outcome: string;
  readonly updates: number;
  readonly checks: readonly FineTuneRecord[];
  readonly checkpoints: readonly string[];
}

const BATCH = 64;

/** Follows a recipe from the first stage to the last; the weights stay in the model. */
export async function runRecipe(
  recipe: string,
  model: LayersModel,
  train: LabelledData,
  run: RunOptions,
): Promise<Ran> {
  const { epsilon, seed, onCheck, options } = run;
  const all: Ran[] = [];
  for (const [i, stage] of RECIPES[recipe]!.entries()) {
    const checkpoint = `${run.checkpoint}.${i}`;
    const common = { epsilon, seed, checkpoint };
    const updates = Math.round((stage.share ?? 1) * run.updates);
    if (stage.fit === undefined) {
      const result = await fineTune(model, train, {
        ...options,
        ...stage.fineTune,
        ...common,
        updates,
        force: true,
        onCheck,
      });
      all.push({ ...result, checkpoints: [checkpoint] });
    } else {
      const part = tf.tidy(() => {
        const count = Math.min(train.x.shape[0]!, updates * BATCH);
        return { x: tf.slice(train.x, 0, count), y: tf.slice(train.y, 0, count) };
      });
      const epochs = Math.max(1, Math.round((updates * BATCH) / part.x.shape[0]!));
      await fit(model, part, { ...stage.fit(), ...common, epochs, batchSize: BATCH });
      tf.dispose(part);
      all.push({ outcome: '', updates, checks: [], checkpoints: [checkpoint] });
    }
  }
  return {
    outcome: all.at(-1)!.outcome,
    updates: all.reduce((sum, { updates }) => sum + updates, 0),
    checks: all.flatMap(({ checks }) => checks),
    checkpoints: all.flatMap(({ checkpoints }) => checkpoints),
  };
}
