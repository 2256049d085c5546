import type * as tf from '@tensorflow/tfjs-core';
import { apgdLinf } from '../attacks/apgdLinf';
import { type AttackReach, attackDefaults, defaultEpsilon } from '../attacks/attackDefaults';
import { attackName } from '../attacks/attackTable';
import { maxConfidenceAttack } from '../attacks/maxConfidenceAttack';
import { pgdLinf } from '../attacks/pgdLinf';
import type { Attack, Objective } from '../attacks/types';
import { asClassifier } from '../classifier/asClassifier';
import type { Classifier, ModelLike } from '../classifier/types';
import { checkFunction, checkPositive, checkWhole, type KeysOf, refuse, show } from '../core/check';
import type { OodProtocol, UsedAttack } from './oodReport';

const fn = 'evaluateOod';

/** How images are attacked. */
export interface OodAttackSettings {
  /** Radius of the ball around each image, in input units. @defaultValue 0.3 of the width of the bounds */
  readonly epsilon?: number;
  /**
   * Length of a step, in input units. @defaultValue epsilon / 40 from 40 steps on (0.0075 for epsilon 0.3, as in the paper),
   * 2.5 epsilon / steps below; attacks that have none choose it themselves
   */
  readonly stepSize?: number;
  /** Steps per restart. @defaultValue 200, for adversarial samples 80; 500 of the worst case */
  readonly steps?: number;
  /** Independent starts per image, of the worst case those of {@link apgdLinf}. @defaultValue 1; 5 of the worst case */
  readonly restarts?: number;
  /** Images attacked. @defaultValue as many as there are, or for noise as there are in-distribution images; 1000 at most */
  readonly samples?: number;
  /**
   * The attack; {@link pgdLinf}, a relative, or a function of the same form. @defaultValue pgdLinf; the strongest of several of the worst case
   */
  readonly attack?: Attack;
}

/** The names of the settings of an attack. */
export const ATTACK_KEYS: KeysOf<OodAttackSettings> = {
  epsilon: true,
  stepSize: true,
  steps: true,
  restarts: true,
  samples: true,
  attack: true,
};

/** One of the attacks that are tried on each image. */
export interface AttackMember {
  readonly attack: Attack;
  readonly restarts: number;
  /** The model whose gradients are followed, where that is not the model itself. */
  readonly from?: Classifier;
}

/** An attack with every setting known. */
export interface ResolvedAttack extends AttackReach {
  readonly name: string;
  readonly restarts: number;
  readonly samples: number;
  /** Each image keeps the strongest of them. */
  readonly members: readonly AttackMember[];
}

/** What the settings of an attack begin from. */
export interface AttackUsual {
  /** Steps where nobody says. */
  readonly steps: number;
  /** Images that there are; undefined where they are drawn. */
  readonly images: number | undefined;
  /** Images that are attacked where nobody says. */
  readonly samples: number;
  readonly protocol: OodProtocol;
  /** A second model, whose adversarial images are tried on the first. */
  readonly transfer: Classifier | undefined;
}

/** The attack of an option, checked; undefined for `false`. */
export function resolveAttack(
  option: string,
  settings: boolean | OodAttackSettings,
  { bounds }: Classifier,
  usual: AttackUsual,
): ResolvedAttack | undefined {
  if (settings === false) return undefined;
  const given = settings === true ? {} : settings;
  const worst = usual.protocol === 'worst-case' && given.attack === undefined;
  const {
    steps = worst ? 500 : usual.steps,
    restarts = worst ? 5 : 1,
    samples = Math.min(usual.samples, 1000),
  } = given;
  const { attack = worst ? apgdLinf : pgdLinf } = given;
  for (const name of ['epsilon', 'stepSize'] as const)
    if (given[name] !== undefined) checkPositive({ fn, argument: `${option}.${name}` }, given[name]);
  checkWhole({ fn, argument: `${option}.steps` }, steps);
  checkWhole({ fn, argument: `${option}.restarts` }, restarts);
  checkWhole({ fn, argument: `${option}.samples` }, samples);
  checkFunction({ fn, argument: `${option}.attack` }, attack);
  if (usual.images !== undefined && samples > usual.images)
    refuse(
      { fn, argument: `${option}.samples` },
      'INVALID_OPTION',
      `at most the number of images (${usual.images})`,
      show(samples),
      'Leave it out to attack as many as there are, 1000 at most.',
    );
  // An attack of the caller's own has the defaults of `pgdLinf`.
  const reach = attackDefaults(attackName(attack) ?? 'pgdLinf', bounds, { ...given, steps });
  const alone = { ...reach, restarts, samples, name: attack.name, members: [{ attack, restarts }] };
  return worst ? { ...alone, ...strongest(alone.members, usual.transfer) } : alone;
}

/** The worst case: AutoPGD, the attack with the best starts, and what fools a second model where there is one. */
function strongest(apgd: readonly AttackMember[], transfer: Classifier | undefined) {
  const searching: AttackMember = { attack: maxConfidenceAttack, restarts: 1 };
  const others = transfer === undefined ? [] : [{ ...searching, from: transfer }];
  const rest =
    transfer === undefined
      ? '(no transfer attack: there is no second model)'
      : 'and maxConfidenceAttack on the second model';
  return {
    name: `the strongest of maxConfidenceAttack from 1 start, apgdLinf ${rest}`,
    members: [searching, ...apgd, ...others],
  };
}

/** The settings as a report tells them. */
export function usedAttack(settings: ResolvedAttack | undefined): UsedAttack | null {
  if (settings === undefined) return null;
  const { name, epsilon, stepSize = null, steps, reach, restarts, samples } = settings;
  return { attack: name, epsilon, stepSize, steps, reach, restarts, samples };
}

/**
 * What no attack can exceed, for the guaranteed columns.
 *
 * @example
 * ```ts
 * import '@tensorflow/tfjs-backend-cpu';
 * import * as tf from '@tensorflow/tfjs-core';
 * import { evaluateOod, formatOodReport, type OodGuarantee, uniformNoise } from 'relu-overconfidence';
 * import { certifiedMaxConfidence } from 'relu-overconfidence/guarantees';
 * import { mlp } from 'relu-overconfidence/models';
 * import { toPiecewiseAffine } from 'relu-overconfidence/regions';
 *
 * const model = mlp({ inputShape: [2], hidden: [16, 16], classes: 3, seed: 1 });
 * const net = toPiecewiseAffine(model);
 * const guarantee: OodGuarantee = { bound: (images, epsilon) => certifiedMaxConfidence(net, images, epsilon) };
 * const report = await evaluateOod(model, {
 *   in: { x: uniformNoise([20, 2], { seed: 1 }), y: tf.zeros([20]) },
 *   out: { others: uniformNoise([20, 2], { seed: 2 }) },
 *   noise: false,
 *   adversarialNoise: false,
 *   adversarialSamples: false,
 *   attackedOut: { epsilon: 0.05, steps: 10 },
 *   guarantee,
 * });
 * console.log(formatOodReport(report)); // AUROC, AAUC and GAUC
 * ```
 */
export interface OodGuarantee {
  /**
   * Upper bounds on the confidence at every point of the box within an L-infinity distance of each image, one for each:
   * `certifiedMaxConfidence` of a network that can be read, `linfConfidenceBound` of a joined discriminator, or `confidenceBound` of
   * another wrapper with the radius `Math.sqrt(d) * epsilon`, d the number of values of an image. The images stay the library's.
   */
  readonly bound: (images: tf.Tensor, epsilon: number) => ArrayLike<number> | Promise<ArrayLike<number>>;
  /** The distance, in input units. @defaultValue that of the attack on the out side; without one 0.3 of the width of the bounds */
  readonly epsilon?: number;
  /** Images of each row that are bounded. @defaultValue as many as are attacked; without an attack all, 1000 at most */
  readonly samples?: number;
}

/** Bounds with every setting known. */
export type ResolvedGuarantee = Required<OodGuarantee>;

/** What the guaranteed columns rest on, with the defaults filled in. */
export function resolveGuarantee(
  guarantee: OodGuarantee | undefined,
  attack: ResolvedAttack | undefined,
  { bounds }: Classifier,
): ResolvedGuarantee | undefined {
  if (guarantee === undefined) return undefined;
  const { bound, epsilon = attack?.epsilon ?? defaultEpsilon(bounds), samples = attack?.samples ?? 1000 } = guarantee;
  checkFunction({ fn, argument: 'guarantee.bound' }, bound);
  checkPositive({ fn, argument: 'guarantee.epsilon' }, epsilon);
  checkWhole({ fn, argument: 'guarantee.samples' }, samples);
  return { bound, epsilon, samples };
}

/**
 * Another score than confidence, such as that of a detector of `relu-overconfidence/detectors`:
 * `{ score: detector.score, target: attackTarget(detector, model) }`.
 */
export interface OodDetector {
  /** The score of each image, higher = more in-distribution. The images stay the library's. */
  readonly score: (images: tf.Tensor) => ArrayLike<number> | Promise<ArrayLike<number>>;
  /** What an attack on the score follows. @defaultValue none: the score is measured on clean images alone */
  readonly target?: {
    /** The model whose outputs the objective takes. */
    readonly model: ModelLike;
    /** What is maximised: it rises with the score. */
    readonly objective: Objective;
  };
}

/** A score with the model to attack. */
export interface ResolvedDetector {
  readonly name: string;
  readonly score: OodDetector['score'];
  readonly target: { readonly net: Classifier; readonly objective: Objective } | undefined;
}

/** The scores of the caller, checked. */
export function resolveDetectors(
  detectors: Readonly<Record<string, OodDetector>> | undefined,
  images: tf.Tensor,
): ResolvedDetector[] {
  return Object.entries(detectors ?? {}).map(([name, { score, target }]) => {
    checkFunction({ fn, argument: `detectors.${name}.score` }, score);
    if (target === undefined) return { name, score, target };
    checkFunction({ fn, argument: `detectors.${name}.target.objective` }, target.objective);
    return { name, score, target: { net: asClassifier(fn, target.model, images), objective: target.objective } };
  });
}
