import { textTable } from '../../core/textTable';
import type { FittedUnknown, TriedDetector } from '../../detectors/fitUnknown';
import type { SavedUnknown } from '../../detectors/restoreUnknown';
import type { Prediction } from '../../detectors/withUnknown';
import { percent } from '../print/text';

/** What the finished classifier says of a set of images. */
export interface Refusals {
  readonly name: string;
  readonly predictions: readonly Prediction[];
  /** Of its score, against the photographs that were held out. */
  readonly auroc: number;
}

/** What there is to say about a finished classifier. */
interface Facts {
  readonly guard: FittedUnknown;
  readonly saved: SavedUnknown;
  readonly sets: readonly Refusals[];
  readonly keep: number;
  readonly kind: 'layers' | 'graph';
}

/** The same in words and tables. */
export interface Summary {
  readonly chosen: string;
  readonly promise: string;
  readonly head: readonly string[];
  readonly rows: readonly (readonly string[])[];
  readonly triedHead: readonly string[];
  readonly triedRows: readonly (readonly string[])[];
  /** All of it for a terminal. */
  readonly text: string;
  /** Ten lines for a web page. */
  readonly snippet: string;
}

export function summaryOf(facts: Facts): Summary {
  const { guard, saved, sets, keep } = facts;
  const [best] = guard.tried as readonly [TriedDetector, ...TriedDetector[]];
  const { threshold } = saved;
  const chosen = `Of ${guard.tried.length} scores ${nameOf(best)} tells your photographs best from the same photographs destroyed, and is used.`;
  const few =
    threshold.count < threshold.needed
      ? ` That is less than ${percent(keep)}, which takes ${threshold.needed} photographs; there are ${threshold.count}.`
      : '';
  const promise = `Of photographs like yours it keeps ${percent(threshold.kept)}; with ${percent(threshold.certainty)} certainty no fewer than ${percent(threshold.atLeast)}.${few}`;
  const destroyed = Object.entries(best.refused).map(([name, share]) => [
    `yours, ${name}`,
    percent(share),
    best.auroc[name]!.toFixed(3),
    '',
  ]);
  const head = ['images', 'refused', 'AUROC', 'confidence of the model'];
  const rows = [
    ['yours, held out', percent(1 - threshold.kept), '', ''],
    ...destroyed,
    ...sets.map(({ name, predictions, auroc }) => [
      name,
      percent(predictions.filter(({ label }) => label === 'unknown').length / predictions.length),
      auroc.toFixed(3),
      (predictions.reduce((sum, { confidence }) => sum + confidence, 0) / predictions.length).toFixed(3),
    ]),
  ];
  const triedHead = ['score', ...Object.keys(best.auroc), 'mean AUROC'];
  const triedRows = guard.tried.map((one) =>
    one.failed === undefined
      ? [nameOf(one), ...Object.values(one.auroc).map((value) => value.toFixed(3)), one.mean.toFixed(3)]
      : [nameOf(one), ...Object.keys(best.auroc).map(() => ''), `not fitted: ${one.failed}`],
  );
  const text = [chosen, promise, textTable(head, rows)].join('\n\n');
  return { chosen, promise, head, rows, triedHead, triedRows, text, snippet: snippetOf(facts) };
}

function nameOf({ kind, layer }: TriedDetector): string {
  return layer === undefined ? kind : `${kind} of ${layer}`;
}

function snippetOf({ kind }: Facts): string {
  const load = kind === 'layers' ? 'loadLayersModel' : 'loadGraphModel';
  const from = kind === 'layers' ? '@tensorflow/tfjs-layers' : '@tensorflow/tfjs-converter';
  return `In a web page, with unknown.json beside model.json:

  import '@tensorflow/tfjs-backend-webgl';
  import { ${load} } from '${from}';
  import { restoreUnknown } from 'relu-overconfidence/detectors';

  const model = await ${load}('model/model.json');
  const saved = await (await fetch('model/unknown.json')).json();
  const guard = await restoreUnknown(model, saved);
  const { label, confidence, reason } = await guard.predictImage(document.querySelector('img'));
  console.log(label, confidence, reason);`;
}
