import { fileURLToPath } from 'node:url';
import { buildSync } from 'esbuild';

/**
 * A program from the sources as one script in CommonJS, its packages left outside, for threads and processes that tests
 * start: to compile every module again in each of them takes seconds.
 */
export function bundle(program: URL): string {
  const { outputFiles } = buildSync({
    entryPoints: [fileURLToPath(program)],
    bundle: true,
    packages: 'external',
    platform: 'node',
    format: 'cjs',
    write: false,
    logLevel: 'error',
  });
  return outputFiles[0]!.text;
}
