import { defineConfig } from 'tsup';

/** One entry per subpath export; `entry` names match the file names in `package.json` exports. */
export default defineConfig({
  entry: {
    index: 'src/index.ts',
    models: 'src/models/index.ts',
    datasets: 'src/datasets/index.ts',
    report: 'src/report/index.ts',
    wasm: 'src/wasm/index.ts',
  },
  format: ['esm', 'cjs'],
  target: 'es2022',
  dts: true,
  clean: true,
  treeshake: true,
});
