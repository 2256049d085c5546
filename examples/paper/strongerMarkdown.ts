import { auroc, fprAtTpr, type Method } from 'relu-overconfidence';
import type { Attacked, Contender } from './attackInPieces';

/** How sure a network is at the worst points that an attack found. */
export interface StrongerRow {
  readonly method: Method;
  readonly attack: string;
  readonly images: number;
  /** Gradient evaluations per image. */
  readonly gradientEvaluations: number;
  readonly meanMaxConfidence: number;
  readonly standardError: number;
  readonly highestConfidence: number;
  /** Share of images with a confidence above 1/2. */
  readonly aboveHalf: number;
  readonly auroc: number;
  readonly fprAt95: number;
  /** Share of all gradients that were exactly zero. */
  readonly zeroGradients: number;
}

interface Measured {
  readonly method: Method;
  readonly attack: string;
  readonly contender: Contender;
  readonly found: Attacked;
  /** Log-odds of the in-distribution, the positive class. */
  readonly inLogOdds: readonly number[];
}

/** Confidence p from log-odds log(p / (1 - p)). */
export function confidenceOf(logOdds: number): number {
  return 1 / (1 + Math.exp(-logOdds));
}

/** The numbers of one attack on one network. */
export function strongerRow({ method, attack, contender, found, inLogOdds }: Measured): StrongerRow {
  const confidences = found.logOdds.map(confidenceOf);
  const n = confidences.length;
  const mean = confidences.reduce((sum, p) => sum + p, 0) / n;
  const variance = confidences.reduce((sum, p) => sum + (p - mean) ** 2, 0) / (n - 1);
  return {
    method,
    attack,
    images: n,
    gradientEvaluations: contender.options.steps * contender.options.restarts,
    meanMaxConfidence: mean,
    standardError: Math.sqrt(variance / n),
    highestConfidence: Math.max(...confidences),
    aboveHalf: confidences.filter((p) => p > 0.5).length / n,
    auroc: auroc(inLogOdds, found.logOdds),
    fprAt95: fprAtTpr(inLogOdds, found.logOdds),
    zeroGradients: found.zeroGradients,
  };
}

/** One line per network and attack. */
export function strongerMarkdown(rows: readonly StrongerRow[]): string {
  const head = ['network', 'attack', 'n', 'MMC', 'highest', 'above 1/2', 'AUROC', 'FPR@95', 'zero gradients'];
  const percent = (share: number) => `${(100 * share).toFixed(1)} %`;
  const lines = rows.map((row) => [
    row.method,
    row.attack,
    String(row.images),
    `${row.meanMaxConfidence.toFixed(3)} ± ${row.standardError.toFixed(3)}`,
    row.highestConfidence.toFixed(3),
    percent(row.aboveHalf),
    row.auroc.toFixed(3),
    row.fprAt95.toFixed(3),
    percent(row.zeroGradients),
  ]);
  return [head, head.map(() => '---'), ...lines].map((cells) => `| ${cells.join(' | ')} |`).join('\n');
}
