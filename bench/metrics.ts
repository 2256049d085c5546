import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { aupr, auroc, createRng, fprAtTpr } from 'relu-overconfidence';
import { digits, range } from './support/format';
import { type Contestant, interleave, type Samples, timed } from './support/interleave';
import { startPeer } from './support/peer';
import { functionProfile } from './support/profile';
import { publish, type Table, type Target } from './support/report';
import { median, ratio } from './support/stats';

const SIZES = [
  { total: 1e6, rounds: 7 },
  { total: 1e7, rounds: 3 },
];
const METRICS = {
  auroc: (inS: Float64Array, outS: Float64Array) => auroc(inS, outS),
  // Their ROC curve knows no percentiles, so the convention is the one that it can be asked for.
  fprAtTpr: (inS: Float64Array, outS: Float64Array) => fprAtTpr(inS, outS, { convention: 'roc' }),
  aupr: (inS: Float64Array, outS: Float64Array) => aupr(inS, outS),
};

/** Normal scores, as log-odds are: distinct, of both signs. */
function scores(count: number, mean: number, seed: string): Float64Array {
  const rng = createRng(seed);
  return Float64Array.from({ length: count }, () => mean + rng.normal());
}

const peer = await startPeer('metrics', 'python3-sklearn');
const folder = await mkdtemp(join(tmpdir(), 'bench-metrics-'));
const rows: string[][] = [];
const targets: Target[] = [];
const profiles: Table[] = [];
const raw: Record<string, Samples> = {};
let furthest = 0;
for (const { total, rounds } of SIZES) {
  const [inS, outS] = [scores(total / 2, 1, 'in'), scores(total / 2, 0, 'out')];
  if (peer) {
    await writeFile(join(folder, 'in.bin'), inS);
    await writeFile(join(folder, 'out.bin'), outS);
    await peer.ask('load', { folder });
  }
  for (const [metric, compute] of Object.entries(METRICS)) {
    let value = Number.NaN;
    const run = () => {
      value = compute(inS, outS);
    };
    const contestants: Contestant[] = [{ name: 'ours', run: () => timed(run) }];
    if (peer)
      contestants.push({
        name: 'theirs',
        run: async () => {
          const answer = await peer.ask('score', { metric });
          furthest = Math.max(furthest, Math.abs(Number(answer.value) - value));
          return answer.ms;
        },
      });
    const samples = await interleave(contestants, rounds);
    const label = `${metric}, ${total.toExponential(0).replace('+', '')} scores`;
    raw[label] = samples;
    const { ours, theirs } = samples as { ours: number[]; theirs?: number[] };
    if (!theirs) {
      rows.push([label, digits(median(ours)), '', '']);
      continue;
    }
    const faster = ratio(theirs, ours);
    rows.push([label, digits(median(ours)), digits(median(theirs)), range(faster)]);
    targets.push({ text: `${label}: 5 times as fast as scikit-learn`, figure: range(faster), met: faster.median >= 5 });
    if (faster.median < 5) profiles.push(await functionProfile(`Where the time goes in ${label}`, run));
  }
}
await rm(folder, { recursive: true });
peer?.close();

await publish({
  name: 'metrics',
  question: 'How fast are the metrics?',
  method:
    "Float64 scores, half of them in-distribution. The peers are scikit-learn's `roc_auc_score`, `roc_curve` (first point with TPR of at least 95 %) and `average_precision_score`. Ratio: their time by ours, round by round.",
  tables: [{ title: 'Milliseconds (median)', columns: ['', 'ours', 'scikit-learn', 'ratio'], rows }, ...profiles],
  targets,
  notes: peer ? [`The values differ by at most ${furthest.toExponential(0)}.`] : [],
  raw,
  ...(peer && { versions: peer.versions }),
});
