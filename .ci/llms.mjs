/**
 * Writes docs/api/llms.txt, the table of contents of the documentation for language models, with the guides beside it as
 * Markdown, after `typedoc` has built the pages:
 *
 *     node .ci/llms.mjs
 *
 * Which guides there are, and in which order, is said by typedoc.json; their titles and groups stand at their heads.
 */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, dirname, join, posix } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const site = join(root, 'docs', 'api');
const read = (path) => readFileSync(join(root, path), 'utf8');

const { projectDocuments, readme } = JSON.parse(read('typedoc.json'));
const { name, description } = JSON.parse(read('package.json'));
const paths = [readme, ...projectDocuments];
const groups = new Map([['', []]]);
for (const path of paths) {
  const { head, text } = parts(read(path));
  const copy = join(site, 'markdown', path);
  mkdirSync(dirname(copy), { recursive: true });
  writeFileSync(copy, withLinks(text, path));
  const title = head.title ?? /^# (.+)$/m.exec(text)?.[1] ?? basename(path);
  const group = head.group ?? '';
  groups.set(group, [...(groups.get(group) ?? []), `- [${title}](markdown/${path})`]);
}
const lists = [...groups].map(([group, list]) => `${group && `## ${group}\n\n`}${list.join('\n')}\n`);
writeFileSync(join(site, 'llms.txt'), [`# ${name}\n`, `> ${description}\n`, ...lists].join('\n'));

/** The lines between two lines of --- at the head of a document, and what follows. */
function parts(source) {
  const [whole = '', lines = ''] = /^---\n([\s\S]*?)\n---\n+/.exec(source) ?? [];
  return {
    head: Object.fromEntries(lines.split('\n').map((line) => line.split(': '))),
    text: source.slice(whole.length),
  };
}

/** Links to other copies stay; pictures and the like are with the pages; what is neither loses its link. */
function withLinks(text, path) {
  return text.replaceAll(/(!?)\[([^\]]*)\]\((?!\w+:|#)([^)#\s]+)(#[^)\s]*)?\)/g, (all, picture, words, target) => {
    const wanted = posix.join(posix.dirname(path), target);
    if (paths.includes(wanted)) return all;
    const medium = join('media', basename(target));
    if (!existsSync(join(site, medium))) return words;
    return `${picture}[${words}](${posix.relative(posix.join('markdown', posix.dirname(path)), medium)})`;
  });
}
