import { defineConfig } from 'tsup';
import manifest from './package.json' with { type: 'json' };

/** `package.json` lists the entry points: subpath `./x` is built from `src/x/index.ts` into `dist/x.*`. */
const rooms = Object.keys(manifest.exports).flatMap((path) => path.match(/^\.\/(\w+)$/)?.[1] ?? []);

const entry = { index: 'src/index.ts', ...Object.fromEntries(rooms.map((room) => [room, `src/${room}/index.ts`])) };

export default defineConfig({
  // Besides the entry points: the script of the workers, which `./parallel` starts by its name, and the command line.
  entry: { ...entry, parallelWorker: 'src/parallel/worker.ts', cli: 'src/cli/index.ts' },
  format: ['esm', 'cjs'],
  target: 'es2022',
  // Shared code goes into chunks, so that an error of './models' is an instance of the class exported by '.', in CJS too.
  splitting: true,
  dts: { entry },
  // import.meta.url in CJS, by which the workers' script is found.
  shims: true,
  clean: true,
  treeshake: true,
});
