import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { LayersModel } from '@tensorflow/tfjs-layers';
import { type Method, uniformNoise } from 'relu-overconfidence';
import { toPiecewiseAffine } from 'relu-overconfidence/regions';
import { alphaScaling } from 'relu-overconfidence/theory';
import { progressBar } from '../support/progressBar';
import { useWasm } from '../support/useWasm';
import { kept } from './kept';
import { loadNetwork, type Network, type Networks, resultsFolder } from './networks';
import { TABLE_2 } from './published';
import { searchAlphas } from './searchAlphas';
import { type AlphaChunk, type Table2Row, table2Markdown, table2Row } from './table2Markdown';

/** Which networks, and how many samples. */
export interface Table2Settings {
  readonly networks: Networks;
  readonly methods: readonly Method[];
  readonly output: string;
  /** Samples of uniform noise; the paper takes 10,000. */
  readonly samples: number;
}

/** Samples whose result is kept as one piece. */
const CHUNK = 50;

/** Scales uniform noise up until each network is sure, and prints Table 2 beside the published one. */
export async function table2({ networks, methods, output, samples }: Table2Settings): Promise<void> {
  await useWasm();
  const { dataset } = networks;
  const [folder, exact] = [resultsFolder(networks, output), dataset === 'mnist'];
  const rows: Table2Row[] = [];
  for (const method of methods) {
    const network = await loadNetwork(networks, method);
    rows.push(table2Row(method, await scaleAll(network, samples, { method, folder, exact })));
    network.model.dispose();
  }
  const table = table2Markdown(rows, TABLE_2[dataset]);
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, 'table2.md'), `${table}\n`);
  await writeFile(join(folder, 'table2.json'), `${JSON.stringify(rows, null, 2)}\n`);
  const how = exact ? 'exact, in float64' : 'the first of a grid whose steps are 2 %, in float32';
  console.log(`\nRaw uniform noise, ${samples} samples. Alpha for a confidence of 99.9 %: ${how}.\n\n${table}`);
}

interface Work {
  readonly method: Method;
  readonly folder: string;
  /** Whether the minimal alpha is computed exactly or searched for on a grid. */
  readonly exact: boolean;
}

/** All samples in pieces; those that are kept already are not done again. */
async function scaleAll(
  { model, identity }: Network,
  samples: number,
  { method, folder, exact }: Work,
): Promise<AlphaChunk[]> {
  const measure = exact ? exactly(model) : (noise: Noise, done: Done) => searchAlphas(model, noise, done);
  const report = progressBar(`table 2, ${method}`);
  const start = performance.now();
  const chunks: AlphaChunk[] = [];
  let alreadyDone = 0;
  for (let first = 0; first < samples; first += CHUNK) {
    const size = Math.min(CHUNK, samples - first);
    let fresh = false;
    const work = async () => {
      fresh = true;
      const noise = uniformNoise([size, ...model.inputs[0]!.shape.slice(1).map(Number)], { seed: `table 2, ${first}` });
      const found = await measure(noise, (inChunk) => {
        const [done, elapsedMs] = [first + inChunk, performance.now() - start];
        const remainingMs = (elapsedMs / (done - alreadyDone)) * (samples - done);
        if (inChunk > 0) report({ label: `${done} of ${samples}`, done, total: samples, elapsedMs, remainingMs });
      });
      noise.dispose();
      return found;
    };
    chunks.push(await kept(join(folder, 'table2', `${method}-${first}.json`), { ...identity, first, size }, work));
    if (!fresh) alreadyDone += size;
  }
  return chunks;
}

type Noise = ReturnType<typeof uniformNoise>;
type Done = (samples: number) => void;

/** Measures samples by following every linear piece of the network. */
function exactly(model: LayersModel): (noise: Noise, done: Done) => Promise<AlphaChunk> {
  const net = toPiecewiseAffine(model);
  return async (noise, onSettled) => {
    const found = await alphaScaling(net, noise, { onProgress: ({ done }) => onSettled(done) });
    return {
      alphas: Array.from(found.alphas, (alpha) => (Number.isFinite(alpha) ? alpha : null)),
      sureAtMinimalAlpha: Math.round(found.overconfidentAtMinimalAlpha * noise.shape[0]!),
      sureOnRay: Math.round(found.overconfidentOnRay * noise.shape[0]!),
    };
  };
}
