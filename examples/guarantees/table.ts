import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type LabelledData, paperNoise } from 'relu-overconfidence';
import { kept } from '../paper/kept';
import { EPSILON, type Measured, measure } from './measure';
import { bare, type Method, wrappersOf } from './methods';
import { relativeTime } from './relativeTime';
import { type Folders, TABLES } from './tableData';

/** What the table is made of. */
export interface TableSettings extends Folders {
  readonly dataset: keyof typeof TABLES;
  /** Images of noise that are attacked. */
  readonly attacked: number;
}

/** What is worked out anew each time. */
interface Line extends Measured {
  /** Time of a prediction as a multiple of that of the plain network. */
  readonly relativeTime: number;
  /** Distance beyond which no confidence exceeds 1/K + {@link MARGIN}; Infinity where none has been proved. */
  readonly radius: number;
}

const MARGIN = 0.01;

/** Measures networks and wrappers around the plain one; every finished line is kept and not measured again. */
export async function table({ dataset, attacked, ...folders }: TableSettings): Promise<void> {
  const { train, test, networks, bounds, epochs } = await TABLES[dataset](folders);
  const plain = await networks.plain!();
  const lines: Record<string, Line> = {};
  const add = async (method: Method): Promise<void> => {
    const file = join(folders.output, `table-${dataset}-${method.name.replaceAll(/\W+/g, '-').toLowerCase()}.json`);
    const measured = await kept(file, { attacked, epsilon: EPSILON }, () => measure(method, test, attacked));
    const radius = method.guarantee?.farAwayRadius(MARGIN) ?? Number.POSITIVE_INFINITY;
    lines[method.name] = { ...measured, radius, relativeTime: await relativeTime(plain, method.model, test.x) };
  };
  for (const [name, load] of Object.entries(networks)) await add(bare(name, await load(), bounds));
  const data = { x: train.x, noise: paperNoise, discriminator: { epochs, epsilon: EPSILON } };
  for await (const method of wrappersOf(plain, data)) await add({ ...method, name: `${method.name} around plain` });
  const text = markdown(lines, test, attacked);
  await writeFile(join(folders.output, `table-${dataset}.json`), `${JSON.stringify(lines, null, 2)}\n`);
  await writeFile(join(folders.output, `table-${dataset}.md`), `${text}\n`);
  console.log(`\n${text}`);
}

function markdown(lines: Readonly<Record<string, Line>>, { y }: LabelledData, attacked: number): string {
  const base = lines.plain!;
  const rows = Object.entries(lines).map(([name, line]) => [
    name,
    (100 * line.testError).toFixed(2),
    (100 * (line.testError - base.testError)).toFixed(2),
    line.inMmc.toFixed(3),
    line.mmc.toFixed(3),
    line.certifiedMmc.toFixed(3),
    line.auroc.toFixed(3),
    line.fprAt95.toFixed(3),
    line.radius === Number.POSITIVE_INFINITY ? 'none' : line.radius.toPrecision(2),
    line.relativeTime.toFixed(2),
  ]);
  const attack = ['MMC adv. noise', 'certified', 'AUROC', 'FPR@95'];
  const head = ['', 'test error %', 'cost, points', 'MMC in', ...attack, `radius, 1/K + ${MARGIN}`, 'time'];
  return [
    ...[head, head.map((_, i) => (i === 0 ? '---' : '---:')), ...rows].map((row) => `| ${row.join(' | ')} |`),
    '',
    `${y.shape[0]} test images; ${attacked} images of noise attacked for 200 steps in the ball of radius ${EPSILON}.`,
  ].join('\n');
}
