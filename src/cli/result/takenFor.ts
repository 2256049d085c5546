import { numbersOf } from '../../evaluation/measureBlocks';
import type { ModelFacts, RunRecord } from '../measure/runRecord';

/** The class of a number, in the words of the model where it names its classes. */
export function className({ labels }: Pick<ModelFacts, 'labels'>, index: number): string {
  return labels?.[index] ?? `class ${index}`;
}

/** The class that a model takes a row for most often, and the share of the row; undefined where it was not measured. */
export function takenFor(
  { measured, run }: RunRecord,
  row: string,
): { readonly name: string; readonly share: number } | undefined {
  const one = measured[row];
  const predicted = one === undefined || one.failed !== undefined ? [] : numbersOf(one, 'predicted');
  if (predicted.length === 0) return undefined;
  const counts = new Array<number>(run.model.classes).fill(0);
  for (const k of predicted) counts[k]!++;
  const most = counts.indexOf(Math.max(...counts));
  return { name: className(run.model, most), share: counts[most]! / predicted.length };
}
