/** One way of doing a piece of work. */
export interface Contestant {
  readonly name: string;
  /** Does the work once and says how many milliseconds it took. */
  readonly run: () => Promise<number>;
}

/** Milliseconds per contestant, one entry per round. */
export type Samples = Readonly<Record<string, readonly number[]>>;

/**
 * Lets everybody run once unmeasured and then once per round, so that a slow minute of the machine hits all of them
 * alike. Who begins changes from round to round. `BENCH_ROUNDS` lowers the number of rounds for a quick look.
 */
export async function interleave(contestants: readonly Contestant[], rounds: number): Promise<Samples> {
  const samples: Record<string, number[]> = {};
  for (const { name, run } of contestants) {
    samples[name] = [];
    await run();
  }
  for (let round = 0; round < Math.min(rounds, Number(process.env.BENCH_ROUNDS ?? rounds)); round++)
    for (let i = 0; i < contestants.length; i++) {
      const { name, run } = contestants[(round + i) % contestants.length]!;
      samples[name]!.push(await run());
    }
  return samples;
}

/** Milliseconds that `work` takes. */
export async function timed(work: () => unknown): Promise<number> {
  const start = performance.now();
  await work();
  return performance.now() - start;
}
