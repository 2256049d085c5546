/**
 * Checks the documentation after `typedoc` has built it into docs/api:
 *
 * - every link, image and anchor of the Markdown files as GitHub shows them, of the pages as built, and of the Markdown beside
 *   llms.txt, leads somewhere inside; no page links to a file that a browser would download, or shows a link as it was written;
 * - every guide has a page and a title;
 * - opened from the disk in headless Chromium without a network, the guides show their pictures and fit a phone, the search
 *   finds what is looked for, the console stays empty, and axe has nothing to say of the kinds of pages, light and dark, wide and
 *   narrow (skipped, and said so, where there is no Chromium).
 *
 *     node .ci/site.mjs
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join, relative, resolve } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { chromium } from 'playwright-core';

const browserPath = '/usr/bin/chromium';
const phoneWidth = 375;
const wideWidth = 1280;
/** What a reader may look for, and the page that must be among the first hits. */
const searches = {
  acetStep: 'functions/relu-overconfidence.acetStep.html',
  'epsilon lambda': 'documents/Choose_epsilon',
};

/** One page of each kind, for axe. */
const kinds = [
  'index.html',
  'modules.html',
  'documents/Command_line.html',
  'modules/relu-overconfidence.html',
  'functions/relu-overconfidence.pgdLinf.html',
  'interfaces/relu-overconfidence.PgdOptions.html',
  'classes/relu-overconfidence.OverconfidenceError.html',
];

/** Pages with long words in their signatures, options and types, which are where a phone is too narrow first. */
const wide = [
  'functions/relu-overconfidence.confidences.html',
  'functions/relu-overconfidence_datasets.parseNpy.html',
  'interfaces/relu-overconfidence_guarantees.Ccu.html',
];

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const site = join(root, 'docs', 'api');
const faults = [];

/** What a built page may link to: pages, pictures, what pages are made of, and texts that a browser shows. */
const shown = /\.(html|png|svg|css|js|txt)$|\/LICENSE$/;

const guides = list('docs').map((name) => join('docs', name));
const examples = readdirSync(join(root, 'examples')).map((name) => join('examples', name, 'README.md'));
const about = ['README.md', 'CHANGELOG.md', 'CONTRIBUTING.md', 'SECURITY.md'];
const markdown = [...about, ...guides, ...examples].filter((path) => existsSync(join(root, path)));
const built = readdirSync(site, { recursive: true, encoding: 'utf8' });
const pages = built.filter((name) => name.endsWith('.html'));
const copies = ['llms.txt', ...built.filter((name) => name.startsWith('markdown') && name.endsWith('.md'))];
checkGuides();
checkLinks('Markdown', markdown, { folder: root, read: readMarkdown });
checkLinks('built', pages, { folder: site, read: readHtml });
checkLinks('copied', copies, { folder: site, read: readMarkdown });
checkRaw();
if (existsSync(browserPath)) await checkInBrowser();
else console.warn(`\n*** ${browserPath} is missing: search and pictures of the documentation are NOT TESTED. ***\n`);

for (const fault of faults) console.error(fault);
if (faults.length > 0) {
  console.error(`\n${faults.length} faults in the documentation.`);
  process.exitCode = 1;
}

function list(folder) {
  return readdirSync(join(root, folder)).filter((name) => name.endsWith('.md'));
}

/** Each guide names itself and is a page of the site. */
function checkGuides() {
  for (const guide of guides) {
    const [, title] = /^---\ntitle: (.+)\n/.exec(readFileSync(join(root, guide), 'utf8')) ?? [];
    const page = title && join('documents', `${title.replaceAll(/[^\w-]/g, '_')}.html`);
    if (!title) faults.push(`${guide}: does not begin with a title between two lines of ---`);
    else if (!pages.includes(page)) faults.push(`${guide}: has no page ${page}; is it in typedoc.json?`);
  }
}

/** Every target inside must exist, with the anchor. */
function checkLinks(kind, files, { folder, read }) {
  const anchors = new Map();
  const anchorsOf = (file) => {
    if (!anchors.has(file)) anchors.set(file, read(readFileSync(file, 'utf8')).anchors);
    return anchors.get(file);
  };
  let links = 0;
  for (const name of files) {
    const file = join(folder, name);
    for (const target of read(readFileSync(file, 'utf8')).targets) {
      if (/^[a-z][\w+.-]*:/.test(target)) continue;
      links++;
      const [path, anchor] = target.split('#').map(decodeURIComponent);
      const wanted = path === '' ? file : resolve(dirname(file), path);
      const where = `${relative(root, file)}: link to ${target}`;
      if (!existsSync(wanted)) faults.push(`${where}, which does not exist`);
      else if (anchor && /\.(md|html)$/.test(wanted) && !anchorsOf(wanted).has(anchor))
        faults.push(`${where}, which has no such anchor`);
    }
  }
  console.log(`${links} links inside ${files.length} ${kind} pages looked at`);
}

/** No page leads to a file that is not for reading in a browser, and none shows the source of a link. */
function checkRaw() {
  for (const name of pages) {
    const text = readFileSync(join(site, name), 'utf8');
    for (const target of readHtml(text).targets) {
      const [path] = target.split('#');
      if (path && !/^[a-z][\w+.-]*:/.test(path) && !shown.test(path)) faults.push(`${name}: raw link to ${target}`);
    }
    const words = text.replaceAll(/<(pre|code|script)\b[\s\S]*?<\/\1>/g, '').replaceAll(/<[^>]*>/g, '');
    for (const [source] of words.matchAll(/\{@link[^}]*\}|\[[^\]\n]+\]\([^)\s]+\)/g))
      faults.push(`${name}: shows ${source} as it was written`);
  }
}

/** Targets, and anchors as GitHub makes them of headings; code is no place for links. */
function readMarkdown(text) {
  const prose = text
    .replaceAll(/^(```+).*\n[\s\S]*?^\1 *$/gm, '')
    .replaceAll(/`[^`\n]*`/g, (code) => code.replaceAll(/[[\]]/g, ''));
  const targets = [...prose.matchAll(/\]\(\s*<?([^)\s>]+)/g), ...prose.matchAll(/^\[[^\]]+\]:\s*(\S+)/gm)];
  const anchors = new Set();
  for (const [, heading] of prose.matchAll(/^#{1,6} +(.+?) *#*$/gm)) {
    const slug = heading
      .replaceAll(/\[([^\]]*)\]\([^)]*\)/g, '$1')
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N}\p{M}_ -]/gu, '')
      .replaceAll(' ', '-');
    let unique = slug;
    for (let k = 1; anchors.has(unique); k++) unique = `${slug}-${k}`;
    anchors.add(unique);
  }
  return { targets: targets.map(([, target]) => target), anchors };
}

function readHtml(text) {
  const plain = (value) => value.replaceAll('&amp;', '&').replaceAll('&quot;', '"');
  const values = (names) =>
    [...text.matchAll(new RegExp(`\\s(?:${names})="([^"]*)"`, 'g'))].map(([, value]) => plain(value));
  return { targets: values('href|src').filter((target) => target !== '#'), anchors: new Set(values('id|name')) };
}

async function checkInBrowser() {
  const browser = await chromium.launch({
    executablePath: browserPath,
    args: ['--no-sandbox', '--disable-gpu', '--disable-background-networking', '--allow-file-access-from-files'],
  });
  try {
    const context = await browser.newContext({ offline: true, viewport: { width: phoneWidth, height: 800 } });
    const page = await context.newPage();
    page.on('console', (message) => faults.push(`${page.url()}: ${message.type()} in the console: ${message.text()}`));
    page.on('pageerror', (error) => faults.push(`${page.url()}: ${error.message}`));
    // Of the pages of the API, those with the longest names.
    const byLength = pages
      .filter((path) => /^(functions|interfaces|types)/.test(path))
      .sort((a, b) => b.length - a.length);
    for (const name of [
      'index.html',
      ...pages.filter((path) => path.startsWith('documents')),
      ...byLength.slice(0, 8),
      ...wide,
    ]) {
      await page.goto(pathToFileURL(join(site, name)).href);
      // typedoc hides a page until its script has run.
      await page.locator('.tsd-panel').first().waitFor();
      for (const source of await page.evaluate(brokenPictures))
        faults.push(`${name}: the picture ${source} is not shown`);
      const width = await page.evaluate(() => document.documentElement.scrollWidth);
      if (width > phoneWidth) faults.push(`${name}: ${width} pixels wide on a phone of ${phoneWidth}`);
    }
    for (const name of kinds) await checkAccess(page, name);
    for (const [query, expected] of Object.entries(searches)) await checkSearch(page, query, expected);
  } finally {
    await browser.close();
  }
}

/** What axe finds, in both colours and at both widths; the page follows them without being loaded anew. */
async function checkAccess(page, name) {
  await page.goto(pathToFileURL(join(site, name)).href);
  await page.locator('h1').first().waitFor();
  await page.evaluate(readFileSync(createRequire(import.meta.url).resolve('axe-core'), 'utf8'));
  for (const width of [wideWidth, phoneWidth])
    for (const colorScheme of ['light', 'dark']) {
      await page.setViewportSize({ width, height: 800 });
      await page.emulateMedia({ colorScheme });
      // What axe has nothing to say of stays in the page: to hand it over takes longer than to find it.
      const violations = await page.evaluate(
        async () => (await globalThis.axe.run({ resultTypes: ['violations'] })).violations,
      );
      for (const { id, impact, nodes } of violations)
        for (const { html } of nodes)
          faults.push(`${name}, ${colorScheme}, ${width} pixels: ${id} (${impact}) at ${html}`);
    }
}

/** Runs in the page: the pictures that were not loaded. */
function brokenPictures() {
  return [...document.images].filter((image) => image.naturalWidth === 0).map((image) => image.getAttribute('src'));
}

async function checkSearch(page, query, expected) {
  await page.goto(pathToFileURL(join(site, 'index.html')).href);
  await page.click('#tsd-search-trigger');
  await page.fill('#tsd-search-input', query);
  const hits = page.locator('#tsd-search-results a');
  await hits
    .first()
    .waitFor({ timeout: 10_000 })
    .catch(() => {});
  const found = await hits.evaluateAll((links) => links.map((link) => link.getAttribute('href')));
  console.log(`search for "${query}": ${found.length} hits`);
  if (!found.some((address) => address.includes(expected)))
    faults.push(`search for "${query}" does not find ${expected}, only: ${found.join(', ') || 'nothing'}`);
}
