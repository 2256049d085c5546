import type { OodReport, OodRow } from '../../src/evaluation';
import { auroc, fprAtTpr, meanMaxConfidence } from '../../src/metrics';
import { NO_COLUMNS, PAPER_SETTINGS } from '../support/oodFields';

/** A row of made-up scores: log-odds at equal distances around a centre. */
function row(name: string, kind: OodRow['kind'], centre: number, inScores?: readonly number[]): OodRow {
  const logOdds = Array.from({ length: 50 }, (_, i) => centre + (i - 25) / 10);
  const confidences = logOdds.map((odds) => 1 / (1 + Math.exp(-odds)));
  return {
    name,
    kind,
    status: 'measured',
    reason: null,
    samples: 50,
    resisted: kind === 'adversarialSamples' ? 7 : 0,
    meanMaxConfidence: meanMaxConfidence(confidences),
    standardError: 0.0123,
    auroc: inScores === undefined ? null : auroc(inScores, logOdds),
    fprAt95: inScores === undefined ? null : fprAtTpr(inScores, logOdds),
    blindImages: null,
    ...NO_COLUMNS,
    scores: { confidences, logOdds },
  };
}

/** A report with a row of every kind; a greater `shift` is a more confident model. */
export function exampleReport(shift: number): OodReport {
  const own = row('MNIST', 'in', 4);
  const against = own.scores!.logOdds;
  const attack = {
    attack: 'pgdLinf',
    epsilon: 0.3,
    stepSize: 0.0075,
    steps: 200,
    reach: 0.3,
    restarts: 1,
    samples: 50,
  };
  return {
    testError: 0.0051,
    classes: 10,
    rows: [
      own,
      row('FMNIST', 'out', shift + 1, against),
      row('noise', 'noise', shift, against),
      row('adversarial noise', 'adversarialNoise', shift + 3, against),
      row('adversarial samples', 'adversarialSamples', shift + 2, against),
    ],
    settings: {
      seed: 0,
      attackBatchSize: 100,
      noiseSamples: 50,
      ...PAPER_SETTINGS,
      adversarialNoise: attack,
      adversarialSamples: { ...attack, steps: 80 },
    },
  };
}
