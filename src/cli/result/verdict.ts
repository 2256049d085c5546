import type { Classifier } from '../../classifier/types';
import type { Measured } from '../../evaluation/measureBlocks';
import type { OodRow, OodRowKind, UsedAttack } from '../../evaluation/oodReport';
import { assumedBounds } from '../measure/otherBounds';
import type { RunFacts } from '../measure/runRecord';
import { percent } from '../print/text';
import type { RayResult, Unmeasured, Verdict, VerdictLevel } from './result';

/** What a verdict is made of. */
interface Findings {
  readonly run: RunFacts;
  readonly rows: readonly OodRow[];
  readonly rays: RayResult | null;
  readonly unmeasured: readonly Unmeasured[];
  /** Noise in other bounds, where those of the model are only assumed. */
  readonly otherBounds?: Measured | undefined;
}

/** Shares of the way from 1/K to 1 at which confidence on noise begins to be worth a warning, and to be bad. */
const WARNING_FROM = 0.15;
const BAD_FROM = 0.5;

/** Says in words what is wrong, how bad it is and what to do next; nothing is said where the attack says nothing. */
export function verdictOf({ run, rows, rays, unmeasured, otherBounds }: Findings): Verdict {
  const lowest = lowestOf(run.model);
  const worst = surest(rows);
  const missing = missingOf(rows, unmeasured);
  const level = missing.length > 0 || worst === undefined ? 'none' : levelOf(worst.meanMaxConfidence!, lowest);
  return {
    level,
    text: missing.length > 0 ? without(missing, worst) : sentence(level, worst, lowest),
    details: [
      ...(run.model.boundsFrom === 'assumed' ? assumedBounds(run.model, otherBounds) : []),
      ...rowDetails(rows, run),
      ...rayDetails(rays),
    ],
    next: nextSteps(level, run, rays),
  };
}

/** What a verdict cannot do without: everything that failed, and the attack on noise. */
function missingOf(rows: readonly OodRow[], unmeasured: readonly Unmeasured[]): readonly Unmeasured[] {
  if (unmeasured.length > 0) return unmeasured;
  const attacked = rows.find(({ kind }) => kind === 'adversarialNoise');
  if (attacked?.status === 'measured') return [];
  return [{ name: 'adversarial noise', why: `was not measured (${attacked?.reason ?? 'there is no such row'}).` }];
}

function without(missing: readonly Unmeasured[], worst: OodRow | undefined): string {
  const why = missing.map(({ name, why }) => `${name}: ${why}`).join(' ');
  const known =
    worst === undefined
      ? ''
      : ` At the least, its mean confidence on ${worst.name} is ${percent(worst.meanMaxConfidence!)}.`;
  return `This cannot be judged. ${why}${known}`;
}

/** Whether the rows of a kind have images that belong to none of the classes, so that confidence on them is wrong. */
export function isWithoutClass(kind: OodRowKind): boolean {
  return kind !== 'in' && kind !== 'adversarialSamples';
}

/** The row without data of the classifier on which it is surest. */
export function surest(rows: readonly OodRow[]): OodRow | undefined {
  return rows
    .filter(({ kind, meanMaxConfidence }) => isWithoutClass(kind) && meanMaxConfidence !== null)
    .sort((a, b) => b.meanMaxConfidence! - a.meanMaxConfidence!)[0];
}

/** The lowest confidence that a model can have. */
export function lowestOf({ head, classes }: Pick<Classifier, 'classes' | 'head'>): number {
  return head === 'sigmoids' ? 0 : 1 / classes;
}

/** How bad a mean confidence is where there is nothing to be sure of. */
export function levelOf(confidence: number, lowest: number): Exclude<VerdictLevel, 'none'> {
  const share = (confidence - lowest) / (1 - lowest);
  if (share >= BAD_FROM) return 'bad';
  return share >= WARNING_FROM ? 'warning' : 'good';
}

const OPENING: Readonly<Record<VerdictLevel, string>> = {
  bad: 'This classifier is sure of itself where it should not be',
  warning: 'This classifier is surer of itself than it should be',
  good: 'This classifier knows what it does not know, as far as this can tell',
  none: 'This cannot be judged',
};

function sentence(level: VerdictLevel, worst: OodRow | undefined, lowest: number): string {
  if (worst === undefined) return 'Nothing could be measured.';
  return `${OPENING[level]}: its mean confidence on ${worst.name} is ${percent(worst.meanMaxConfidence!)}, where ${percent(lowest)} would say "I do not know".`;
}

function rowDetails(rows: readonly OodRow[], { settings }: RunFacts): string[] {
  const details: string[] = [];
  const attacked = rows.find(({ kind }) => kind === 'adversarialNoise')?.meanMaxConfidence;
  if (attacked != null)
    details.push(
      `Changing each value of noise by ${reach(settings.adversarialNoise)} at most raises its mean confidence to ${percent(attacked)}.`,
    );
  const known = rows.find(({ kind }) => kind === 'in')?.meanMaxConfidence;
  const hardest = rows
    .filter(({ kind, auroc }) => kind !== 'adversarialSamples' && auroc !== null)
    .sort((a, b) => a.auroc! - b.auroc!)[0];
  if (known != null && hardest !== undefined)
    details.push(
      `On your data its mean confidence is ${percent(known)}. Confidence tells them from ${hardest.name} with an AUROC of ${hardest.auroc!.toFixed(3)} (1 is perfect, 0.5 is guessing), and ${percent(hardest.fprAt95!)} of that row passes a threshold that keeps 95 % of your data.`,
    );
  return details;
}

/** How far the attack could change a value, which is what its result is about. */
function reach(used: UsedAttack | null): number | undefined {
  return used === null ? undefined : Number(used.reach.toPrecision(4));
}

function rayDetails(rays: RayResult | null): string[] {
  if (rays === null) return [];
  const { goToOne, rays: count, theoremHolds, meanLimit } = rays;
  const condition = theoremHolds ? '' : ' The condition of Theorem 3.1, no identical rows, does not hold everywhere.';
  return [
    `Far away from all data its confidence goes to 100 % along ${Math.round(goToOne * count)} of ${count} rays (Theorem 3.1; mean limit ${percent(meanLimit)}), ${howSoon(rays)}.${condition}`,
  ];
}

/** How far out half of the inputs are sure. */
function howSoon(rays: RayResult): string {
  const { medianAlpha } = rays;
  if (medianAlpha === null)
    return `and half of the inputs or more ${unfollowed(rays) ? 'are not known to' : 'never'} reach 99.9 %`;
  if (medianAlpha === 1) return 'and half of the inputs have 99.9 % as they are';
  return `and half of the inputs reach 99.9 % when multiplied by ${Number(medianAlpha.toPrecision(3))}${unfollowed(rays)}`;
}

/** What must be said of a median alpha of which only bounds are known; nothing of one that is exact. */
function unfollowed({ rays, followed, medianAlpha, leastMedianAlpha }: RayResult): string {
  if (medianAlpha === leastMedianAlpha) return '';
  const least = Number(leastMedianAlpha!.toPrecision(3));
  return ` or less, but not by less than ${least} (${followed} of ${rays} rays could be followed that far)`;
}

function nextSteps(level: VerdictLevel, { model, data }: RunFacts, rays: RayResult | null): string[] {
  const hasData = Object.keys(data).length > 0;
  const steps: string[] = [];
  if (level === 'none')
    steps.push('Put right what could not be measured and run this again: without it there is nothing to rely on.');
  const trainable = level === 'warning' || level === 'bad';
  if (trainable)
    steps.push(
      `Train it away: relu-overconfidence train ${model.file} --data FOLDER --method acet --out FOLDER. Then audit the result.`,
    );
  if (level === 'good' && !hasData) steps.push('Measure it against your data too: add --data FOLDER.');
  if (rays !== null && rays.goToOne > 0)
    steps.push(
      'No training changes what happens far away: refuse inputs outside the bounds, or wrap the model with a guarantee (relu-overconfidence/guarantees).',
    );
  if (level === 'good') steps.push('Keep it so: run this with --max-mmc in your continuous integration.');
  return steps;
}
