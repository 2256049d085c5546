/**
 * Uses every entry point of the package a little. The entry points are handed in by name, so that the same lines run from
 * ES modules, CommonJS and bundles. Returns plain data, the same wherever it runs.
 */
export async function program(entries, tf, createWorker) {
  await tf.setBackend('cpu');
  const model = entries.models.mlp({ inputShape: [2], hidden: [8], classes: 3, seed: 1 });
  const noise = entries.index.uniformNoise([6, 2], { seed: 1 });
  const net = entries.regions.toPiecewiseAffine(model);
  const { mmc } = await entries.testing.checkUnconfidentOn(model, noise, { maxMmc: 1 });
  const pool = await entries.parallel.createTrainingPool(model, {
    workers: 1,
    backend: 'cpu',
    ...(createWorker && { createWorker }),
  });
  try {
    const { objective } = await pool.pgdLinf(noise, { epsilon: 0.1, steps: 2, seed: 1 });
    return {
      names: Object.entries(entries).map(([entry, names]) => `${entry}: ${Object.keys(names).sort()}`),
      mmc: mmc.toFixed(5),
      confidenceFarAway: entries.theory.asymptoticConfidence(net, [1, 2]).confidence,
      moons: Array.from(entries.datasets.twoMoons({ points: 2, seed: 1 }).x, (value) => value.toFixed(5)),
      roc: (await entries.report.rocPlot([0.9, 0.8], { noise: [0.1, 0.2] })).slice(0, 4),
      kernels: typeof entries.wasm.enableWasmTraining,
      attacked: Array.from(await objective.data(), (value) => value.toFixed(5)),
    };
  } finally {
    await pool.dispose();
  }
}
