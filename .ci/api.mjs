/**
 * Compares the public surface of the built package with `.ci/api/*.api.md`, so that a change of it is seen in review.
 *
 *     node .ci/api.mjs [--update]
 *
 * With `--update` the files are written anew.
 */
import { mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { CompilerState, Extractor, ExtractorConfig, ExtractorLogLevel } from '@microsoft/api-extractor';

const update = process.argv.includes('--update');
const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const reports = join(root, '.ci', 'api');
const temporary = join(root, '.cache', 'api');
mkdirSync(temporary, { recursive: true });

const { exports } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
const entries = Object.values(exports).flatMap((target) => target.import?.types ?? []);
const configs = entries.map(prepare);
const [first, ...others] = configs;
const compilerState = CompilerState.create(first, {
  additionalEntryPoints: others.map(({ mainEntryPointFilePath }) => mainEntryPointFilePath),
});
const changed = configs.filter((config) => {
  const { apiReportChanged } = Extractor.invoke(config, { compilerState, localBuild: update, messageCallback: quiet });
  return apiReportChanged;
});
const known = new Set(configs.map(({ reportFilePath }) => reportFilePath));
const stale = readdirSync(reports)
  .map((name) => join(reports, name))
  .filter((path) => !known.has(path));
if (update) for (const path of stale) rmSync(path);
else if (changed.length + stale.length > 0) {
  for (const { reportFilePath, reportTempFilePath } of changed)
    console.error(`Changed: diff ${reportFilePath} ${reportTempFilePath}`);
  for (const path of stale) console.error(`Of an entry point that is gone: ${path}`);
  console.error('If the public surface was meant to change: npm run build && npm run api:update, and commit .ci/api.');
  process.exitCode = 1;
}
console.log(`${configs.length} entry points, ${changed.length} ${update ? 'written anew' : 'changed'}.`);

/** The settings for one file of declarations. */
function prepare(types) {
  const name = types.match(/(\w+)\.d\.ts$/)[1];
  return ExtractorConfig.prepare({
    packageJsonFullPath: join(root, 'package.json'),
    configObjectFullPath: undefined,
    configObject: {
      projectFolder: root,
      mainEntryPointFilePath: join(root, types),
      newlineKind: 'lf',
      compiler: {
        overrideTsconfig: {
          compilerOptions: {
            target: 'ES2022',
            module: 'ESNext',
            moduleResolution: 'bundler',
            strict: true,
            skipLibCheck: true,
            types: ['node'],
            lib: ['ES2023', 'DOM'],
          },
          files: entries,
        },
      },
      apiReport: {
        enabled: true,
        reportFolder: reports,
        reportTempFolder: temporary,
        reportFileName: `${name}.api.md`,
      },
      docModel: { enabled: false },
      dtsRollup: { enabled: false },
      tsdocMetadata: { enabled: false },
      messages: {
        compilerMessageReporting: { default: { logLevel: 'none' } },
        extractorMessageReporting: { default: { logLevel: 'none' } },
        tsdocMessageReporting: { default: { logLevel: 'none' } },
      },
    },
  });
}

/** Only real errors are worth reading; what changed is said at the end. */
function quiet(message) {
  if (message.logLevel !== ExtractorLogLevel.Error) message.handled = true;
}
