import { mkdirSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { refuseOldBuild, scratchFolder } from './runCli';

test('tests of the command are refused when the build is missing or older than a file of src, and tell what to run', () => {
  const folder = scratchFolder();
  const at = (name: string, second: number) => {
    writeFileSync(join(folder, name), '');
    utimesSync(join(folder, name), second, second);
  };
  const check = () => refuseOldBuild(join(folder, 'src'), join(folder, 'cli.js'));
  mkdirSync(join(folder, 'src/deep'), { recursive: true });
  at('src/deep/old.ts', 100);
  expect(check).toThrow(/cli\.js is missing\. Run `npm run build`/);
  at('cli.js', 101);
  expect(check).not.toThrow();
  at('src/deep/new.ts', 102);
  expect(check).toThrow(/cli\.js is older than .*deep.new\.ts\. Run `npm run build`/);
});
