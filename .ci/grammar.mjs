/**
 * Checks the grammar of what people read: README, guides and the READMEs of the examples, by Harper, which runs here and asks
 * no server.
 *
 *     node .ci/grammar.mjs
 */
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Dialect, LocalLinter } from 'harper.js';
import { binary } from 'harper.js/binary';

/** Rules that do not suit these texts, and why. */
const OFF = {
  // cspell checks spelling, with a list of the words of the trade.
  SpellCheck: 'spelling',
  SplitWords: 'spelling',
  MergeWords: 'takes units and letters of formulas for parts of words',
  OrthographicConsistency: 'spelling',
  // Names of things that Harper does not know.
  RegularIrregulars: 'a strided convolution is not one that strode',
  PhrasalVerbAsCompoundNoun: 'dropout is a layer',
  DisjointPrefixes: 'the out side is a side',
  Overall: 'a mean over all eigenvectors',
  // House style.
  UseTitleCase: 'headings are sentences',
  SentenceCapitalization: 'items of lists and cells of tables may begin with a name as it is written in code',
  OkToOkay: 'OK is printed',
  OxfordComma: 'British',
  CompoundNouns: 'British: data set, per cent',
  ExpandMemoryShorthands: 'tables have units',
  ExpandTimeShorthands: 'tables have units',
  ExpandMinimum: 'min is a function',
  ExpandControl: 'Ctrl-C is a key',
  ExpandStandardInputAndOutput: 'stdout is a name',
  UseEllipsisCharacter: 'three dots stand in code',
  Spaces: 'tables are aligned by spaces',
  QuantifierNumeralConflict: '"some ten" is about ten',
  CondenseAllThe: '"all of the" is right',
  LongSentences: 'conditions of theorems are long',
};

/** Phrases of which a rule says wrongly that they are not English; white space between words may be any. */
const RIGHT = [
  '`attackTable.ts`, its export',
  'noise replaced by its bound',
  'but for roundings of',
  "the model's own roundings",
  '11 roundings in the filter',
  'every confidence',
  'for a confidence of',
  'with a confidence',
  'a pooling that keeps its axes',
  'and guarantees cost',
  'mean log-odds',
  'a folder has several parts',
  'matrix G of A and',
  'those of A and G',
  '(a h - b s)',
  'a k-means start',
  'one of the metric would',
  'one of the sum of',
  '`evaluateOod` has them',
  'the report is plain data',
  "The models are other people's",
  'certain on every one',
  'infinite to infinite',
  'should not be is missing',
];

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const markdown = (folder) => readdirSync(join(root, folder)).filter((name) => name.endsWith('.md'));
const files = [
  'README.md',
  'CONTRIBUTING.md',
  ...markdown('docs').map((name) => join('docs', name)),
  ...readdirSync(join(root, 'examples'))
    .filter((name) => readdirSync(join(root, 'examples', name)).includes('README.md'))
    .map((name) => join('examples', name, 'README.md')),
];

const linter = new LocalLinter({ binary, dialect: Dialect.British });
const rules = await linter.getDefaultLintConfig();
for (const rule of Object.keys(OFF)) {
  if (!(rule in rules)) throw new Error(`Harper has no rule ${rule}`);
  rules[rule] = false;
}
await linter.setLintConfig(rules);
const met = new Set();
let count = 0;
for (const file of files) {
  const text = readFileSync(join(root, file), 'utf8');
  for (const [rule, lints] of Object.entries(await linter.organizedLints(plain(text), { language: 'markdown' })))
    for (const lint of lints) {
      const { start, end } = lint.span();
      const around = text.slice(Math.max(0, start - 40), end + 40).replaceAll(/\s+/g, ' ');
      const right = RIGHT.find((phrase) => around.includes(phrase));
      if (right !== undefined) {
        met.add(right);
        continue;
      }
      const line = text.slice(0, start).split('\n').length;
      console.error(`${file}:${line}: ${rule}: ${JSON.stringify(lint.get_problem_text())}: ${lint.message()}`);
      count++;
    }
}
for (const phrase of RIGHT.filter((phrase) => !met.has(phrase))) {
  console.error(`.ci/grammar.mjs: nothing is said against "${phrase}" any more; take it out`);
  count++;
}
console.log(`${files.length} files, ${count} mistakes`);
if (count > 0) process.exitCode = 1;

/** The text without its head, line by line where it was. */
function plain(text) {
  return text.replace(/^---\n[\s\S]*?\n---\n/, (head) => head.replaceAll(/[^\n]/g, ' '));
}
