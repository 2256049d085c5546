/**
 * Refuses to publish a package that does not say where it comes from: without `repository`, `homepage`, `bugs` and `author` the
 * links and pictures of its README lead nowhere on npm, and nobody can report a fault.
 *
 *     node .ci/release.mjs [folder of package.json]
 */
import { readFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

const folder = process.argv[2] ?? join(dirname(fileURLToPath(import.meta.url)), '..');
const manifest = JSON.parse(readFileSync(join(resolve(folder), 'package.json'), 'utf8'));

/** What must be there, and what of it tells. */
const wanted = {
  repository: ({ repository }) => repository?.url ?? repository,
  homepage: ({ homepage }) => homepage,
  bugs: ({ bugs }) => bugs?.url ?? bugs?.email ?? bugs,
  author: ({ author }) => author?.name ?? author,
};

const missing = Object.keys(wanted).filter((key) => {
  const value = wanted[key](manifest);
  return typeof value !== 'string' || value.trim() === '';
});
if (missing.length > 0) {
  console.error(`Not published: package.json has no ${missing.join(', ')}. Say who publishes it and where it is kept.`);
  process.exitCode = 1;
}
