/**
 * Installs the packed package into a copy of `examples/consumer` and runs its tests.
 *
 *     node .ci/consumer.mjs package.tgz
 */
import { execFileSync } from 'node:child_process';
import { cpSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

const source = join(dirname(fileURLToPath(import.meta.url)), '..', 'examples', 'consumer');
const copy = mkdtempSync(join(tmpdir(), 'consumer-'));
const npm = (...args) => execFileSync('npm', args, { cwd: copy, stdio: 'inherit' });
try {
  cpSync(source, copy, { recursive: true, filter: (path) => !path.includes('node_modules') });
  npm('install', '--no-save', '--no-audit', '--no-fund', '--prefer-offline', resolve(process.argv[2]));
  npm('test');
} finally {
  rmSync(copy, { recursive: true, force: true });
}
