/**
 * Rewrites the manifest and the lockfile of the current folder so that `npm install` installs every tfjs package in this version.
 *
 *     node .ci/pin-tfjs.mjs 4.10.0
 */
import { readFileSync, writeFileSync } from 'node:fs';

const version = process.argv[2];
if (!version) throw new Error('Name the version, for example: node .ci/pin-tfjs.mjs 4.10.0');

edit('package.json', ({ devDependencies }) => {
  for (const name of Object.keys(devDependencies)) {
    if (name.startsWith('@tensorflow/tfjs')) devDependencies[name] = version;
  }
});
// With the locked ones still in the lockfile npm refuses: each tfjs package asks for one exact version of the others.
edit('package-lock.json', ({ packages }) => {
  for (const path of Object.keys(packages)) {
    if (path.includes('node_modules/@tensorflow/tfjs')) delete packages[path];
  }
});

function edit(file, change) {
  const content = JSON.parse(readFileSync(file, 'utf8'));
  change(content);
  writeFileSync(file, `${JSON.stringify(content, null, 2)}\n`);
}
