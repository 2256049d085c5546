/**
 * Type-checks and runs every `ts` code block of README.md, docs/*.md and the doc comments of src against the packed package.
 *
 *     node .ci/snippets.mjs [package.tgz]
 *
 * Without an argument the package is packed from the dist folder as it is. A block that starts with ```ts no-run is
 * type-checked only. Each block becomes a module of its own. Blocks that import the same modules run one after another in one
 * process, since loading tfjs takes longer than most of them do; where one of these fails, each runs again in a process of its
 * own, and only what fails there counts.
 */
import { execFile, execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const processesAtOnce = 2;
const secondsPerSnippet = 120;

/** The script that imports modules one after another, each in a folder of its own. */
const runner = `
  import { mkdirSync } from 'node:fs';
  let ran = 0;
  // A block that ends the process must not pass for those after it.
  process.on('exit', () => { if (ran < process.argv.length - 2) process.exitCode ||= 1; });
  for (const [i, file] of process.argv.slice(2).entries()) {
    mkdirSync(String(i));
    process.chdir(String(i));
    await import(file);
    process.chdir('..');
    ran++;
  }`;

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const work = join(root, '.cache', 'snippets');

const guides = existsSync(join(root, 'docs')) ? list('docs', '.md', { recursive: false }) : [];
const snippets = ['README.md', ...guides, ...list('src', '.ts', { recursive: true })].flatMap(extract);
prepare(process.argv[2] ? resolve(process.argv[2]) : pack());
const started = performance.now();
const wrong = typeCheck();
console.log(`${snippets.length} code blocks type-checked in ${seconds(started)} s`);
const broken = await runAll(snippets.filter(({ run }) => run));
console.log(`${snippets.filter(({ run }) => run).length} of them run, ${seconds(started)} s in all`);
for (const failure of [...wrong, ...broken]) console.error(`\n${failure}`);
if (wrong.length + broken.length > 0) {
  console.error(`\nCode blocks failed: ${wrong.length} messages of the type checker, ${broken.length} failed runs.`);
  process.exitCode = 1;
}

/** The files of a folder with this ending, named from the root of the checkout with forward slashes. */
function list(folder, ending, options) {
  return readdirSync(join(root, folder), options)
    .map((name) => `${folder}/${name.replaceAll('\\', '/')}`)
    .filter((name) => name.endsWith(ending))
    .sort();
}

/** The fenced `ts` blocks of a file, each behind as many empty lines as put it on the lines it has in the file. */
function extract(path) {
  const found = [];
  let open;
  for (const [index, raw] of readFileSync(join(root, path), 'utf8').split('\n').entries()) {
    const line = path.endsWith('.ts') ? raw.match(/^\s*\*( |$)(.*)$/)?.[2] : raw;
    if (open) {
      if (line === undefined)
        throw new Error(`${path}:${open.line} opens a code block that its comment does not close.`);
      if (line.trimEnd() === '```') {
        found.push(open);
        open = undefined;
      } else open.code += `${line}\n`;
    } else {
      const info = line?.match(/^```ts( no-run)?\s*$/);
      if (info) {
        const name = `${path.replaceAll('/', '__')}__${index + 1}`;
        open = { path, line: index + 1, name, run: info[1] === undefined, code: '\n'.repeat(index + 1) };
      }
    }
  }
  if (open) throw new Error(`${path}:${open.line} opens a code block that is never closed.`);
  return found;
}

function pack() {
  const folder = mkdtempSync(join(tmpdir(), 'snippets-'));
  const options = { cwd: root, encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] };
  const [{ filename }] = JSON.parse(
    execFileSync('npm', ['pack', '--json', '--ignore-scripts', '--pack-destination', folder], options),
  );
  return join(folder, filename);
}

/** A folder in which the package's name means the unpacked tarball and everything else what the checkout installed. */
function prepare(tarball) {
  const unpacked = join(work, 'node_modules', 'relu-overconfidence');
  rmSync(work, { recursive: true, force: true });
  mkdirSync(unpacked, { recursive: true });
  execFileSync('tar', ['-xzf', tarball, '-C', unpacked, '--strip-components=1']);
  // Its own manifest, or the package's name would be taken for the checkout itself.
  writeFileSync(join(work, 'package.json'), JSON.stringify({ private: true, type: 'module' }));
  writeFileSync(
    join(work, 'tsconfig.json'),
    JSON.stringify({
      extends: '../../tsconfig.json',
      // An example may end by naming its result.
      compilerOptions: { noEmit: false, outDir: 'out', inlineSourceMap: true, noUnusedLocals: false },
      files: snippets.map(({ name }) => `${name}.ts`),
      include: [],
    }),
  );
  writeFileSync(join(work, 'run.mjs'), runner);
  // `export {}` makes a block without imports a module too, with its own names and top-level await.
  for (const { name, code } of snippets) writeFileSync(join(work, `${name}.ts`), `${code}export {};\n`);
}

/** Compiles all blocks at once; returns the messages with the place in the file that the block came from. */
function typeCheck() {
  try {
    execFileSync(process.execPath, [join(root, 'node_modules/typescript/bin/tsc'), '-p', work], {
      cwd: work,
      encoding: 'utf8',
    });
    return [];
  } catch (error) {
    const places = new Map(snippets.map(({ name, path }) => [`${name}.ts`, path]));
    return error.stdout
      .trim()
      .replace(/^(\S+\.ts)\((\d+),\d+\)/gm, (all, file, line) =>
        places.has(file) ? `${places.get(file)}:${line}` : all,
      )
      .split(/\n(?! )/);
  }
}

async function runAll(queue) {
  const failures = [];
  const groups = grouped(queue);
  const worker = async () => {
    for (let group = groups.shift(); group; group = groups.shift()) {
      if (group.length > 1 && (await run(group)) === undefined) continue;
      for (const snippet of group) {
        const failure = await run([snippet]);
        if (failure) failures.push(failure);
      }
    }
  };
  await Promise.all(Array.from({ length: processesAtOnce }, worker));
  return failures;
}

/** Blocks with the same imports together. */
function grouped(queue) {
  const groups = new Map();
  for (const snippet of queue) groups.set(importsOf(snippet), [...(groups.get(importsOf(snippet)) ?? []), snippet]);
  return [...groups.values()];
}

/** The modules that a block names in its import statements. */
function importsOf({ code }) {
  return [...new Set(code.match(/(?<=(from|import) ')[^']+(?=')/g))].sort().join();
}

/** Runs blocks in one process; returns what went wrong, if anything. */
async function run(group) {
  const folder = mkdtempSync(join(tmpdir(), 'snippet-'));
  const compiled = group.map(({ name }) => join(work, 'out', `${name}.js`));
  const [{ path, line, name }] = group;
  try {
    await promisify(execFile)(process.execPath, ['--enable-source-maps', join(work, 'run.mjs'), ...compiled], {
      cwd: folder,
      timeout: secondsPerSnippet * 1000,
    });
    return undefined;
  } catch (error) {
    const why = error.killed ? `stopped after ${secondsPerSnippet} s` : `ended with ${error.code}`;
    return `${path}:${line} ${why}\n${error.stdout}${error.stderr}`.replaceAll(`${join(work, name)}.ts`, path);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function seconds(since) {
  return ((performance.now() - since) / 1000).toFixed(1);
}
