import { defineConfig } from 'tsup';
import manifest from './package.json' with { type: 'json' };

/** `package.json` lists the entry points: subpath `./x` is built from `src/x/index.ts` into `dist/x.*`. */
const rooms = Object.keys(manifest.exports).flatMap((path) => path.match(/^\.\/(\w+)$/)?.[1] ?? []);

export default defineConfig({
  entry: { index: 'src/index.ts', ...Object.fromEntries(rooms.map((room) => [room, `src/${room}/index.ts`])) },
  format: ['esm', 'cjs'],
  target: 'es2022',
  // Shared code goes into chunks, so that an error of './models' is an instance of the class exported by '.', in CJS too.
  splitting: true,
  dts: true,
  clean: true,
  treeshake: true,
});
