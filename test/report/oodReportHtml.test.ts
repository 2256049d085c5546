import { parseHTML } from 'linkedom';
import { describe, expect, it } from 'vitest';
import { imageGrid, type OodReportHtmlOptions, oodReportHtml } from '../../src/report';
import { expectRefusal } from '../support/expectRefusal';
import { exampleReport } from './exampleReport';
import { readSvg, texts } from './readSvg';

const page = async (...given: Parameters<typeof oodReportHtml>) => parseHTML(await oodReportHtml(...given)).document;
const textOf = (node: Element | null) => node?.textContent?.trim();
const cellsOf = (line: Element) => [...line.querySelectorAll('td')].map(textOf);
const pictureOf = (image: Element) => Buffer.from(image.getAttribute('src')!.split(',')[1]!, 'base64');

describe('oodReportHtml', () => {
  it('sets the numbers of every report side by side, rows joined by name, with a dash for what is not known', async () => {
    const [plain, acet] = [exampleReport(3), exampleReport(-2)];
    const document = await page({ plain, ACET: { ...acet, rows: acet.rows.filter(({ name }) => name !== 'noise') } });
    const table = document.querySelector('table')!;
    expect([...table.querySelectorAll('th[scope="colgroup"]')].map(textOf)).toEqual([
      'plain test error 0.51\u00a0%',
      'ACET test error 0.51\u00a0%',
    ]);
    const lines = [...table.querySelectorAll('tbody tr')];
    expect(lines.map((line) => textOf(line.querySelector('th[scope="row"]')))).toEqual(plain.rows.map((r) => r.name));
    const own = `${plain.rows[0]!.meanMaxConfidence!.toFixed(3)} ± 0.012`;
    expect(cellsOf(lines[0]!)).toEqual([own, '–', '–', '50', own, '–', '–', '50']);
    const { meanMaxConfidence, auroc, fprAt95 } = plain.rows[2]!;
    const noise = [`${meanMaxConfidence!.toFixed(3)} ± 0.012`, auroc!.toFixed(3), fprAt95!.toFixed(3), '50'];
    expect(cellsOf(lines[2]!)).toEqual([...noise, '–', '–', '–', '–']);
    expect(document.body.textContent).toContain('plain, adversarial samples: 7 of 57 images resisted');
    expect(document.body.textContent).toContain('pgdLinf, epsilon 0.3, 200 steps of 0.0075, 50 images');
  });

  it('draws histograms and ROC curves of reports that keep their scores, and none of others', async () => {
    const report = exampleReport(1);
    const images = [...(await page({ plain: report })).querySelectorAll('img')];
    expect(images).toHaveLength(2);
    const [histogram, roc] = images.map((image) => texts(readSvg(String(pictureOf(image)))));
    expect(histogram).toContain(`noise (mean ${report.rows[2]!.meanMaxConfidence!.toFixed(3)})`);
    expect(roc).toContain(`noise (AUROC ${report.rows[2]!.auroc!.toFixed(3)})`);
    expect(roc!.join()).not.toContain('MNIST (AUROC 0.5');
    const bare = { ...report, rows: report.rows.map(({ scores: _, ...row }) => row) };
    expect((await page({ plain: bare })).querySelectorAll('img')).toHaveLength(0);
  });

  it('shows verdict, details and sections without any report, in their order', async () => {
    const png = await imageGrid({
      rows: [{ label: 'a', images: [0, 1], count: 1, height: 1, width: 2, channels: 1 }],
    });
    const document = await page(
      {},
      {
        title: 'Audit',
        lang: 'de',
        verdict: { level: 'bad', text: 'Sure of noise.' },
        details: { seed: 3, backend: 'wasm' },
        sections: [
          { heading: 'One', paragraphs: ['First.', 'Second.'] },
          {
            heading: 'Two',
            table: {
              columns: ['alpha', 'MMC'],
              rows: [
                ['x', 0.123456],
                ['y', null],
              ],
            },
            pictures: [{ png, alt: 'noise', caption: 'Worst' }],
          },
        ],
      },
    );
    expect(document.documentElement.getAttribute('lang')).toBe('de');
    expect(textOf(document.querySelector('.verdict'))).toBe('✖ Bad: Sure of noise.');
    expect(textOf(document.querySelector('dl'))).toBe('seed3backendwasm');
    expect([...document.querySelectorAll('h1, h2')].map(textOf)).toEqual(['Audit', 'One', 'Two']);
    expect([...document.querySelectorAll('section p')].map(textOf)).toEqual(['First.', 'Second.']);
    expect([...document.querySelectorAll('td')].map(textOf)).toEqual(['0.1235', '–']);
    expect(new Uint8Array(pictureOf(document.querySelector('img[alt="noise"]')!))).toEqual(png);
    expect(textOf(document.querySelector('figcaption'))).toBe('Worst');
  });

  it('sets columns of numbers to the right, with their errors and intervals, and keeps commands and their options whole', async () => {
    const rows = [
      ['a', '0.844 ± 0.017', '+0.045 (-0.006 to +0.084)', '5 %', 'class 5 53 %', '–'],
      ['b', '', '0.000 (0.000 to 0.000)', '> 99.9 %', 'class 8 100 %', 'not fitted'],
    ];
    const columns = ['Images', 'MMC', 'Difference', 'Refused', 'Taken for', 'AUROC'];
    const said = [
      'Train: relu-overconfidence train a.b/model.json --data FOLDER --out FOLDER. Then audit (relu-overconfidence/report).',
      'Say --max-mmc 0.3 - or more, --bounds 0,255, or --bounds LOW,HIGH. With --image no each value counts; --json tells more.',
    ];
    const document = await page({}, { sections: [{ heading: 'One', paragraphs: said, table: { columns, rows } }] });
    const toTheRight = [...document.querySelectorAll('th.number')].map(textOf);
    expect(toTheRight).toEqual(['MMC', 'Difference', 'Refused']);
    expect(document.querySelectorAll('td.number')).toHaveLength(6);
    expect([...document.querySelectorAll('code')].map(textOf)).toEqual([
      'relu-overconfidence train a.b/model.json --data FOLDER --out FOLDER',
      '--max-mmc 0.3',
      '--bounds 0,255',
      '--bounds LOW,HIGH',
      '--image no',
      '--json',
    ]);
    expect([...document.querySelectorAll('code:not(.option)')]).toHaveLength(1);
  });

  it('escapes every text, and lets nothing of a picture into the page', async () => {
    const bad = '"><script>alert(1)</script>&\' \u0000';
    const svg = `<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>`;
    const report = exampleReport(1);
    const options: OodReportHtmlOptions = {
      title: bad,
      verdict: { level: 'good', text: bad },
      details: { [bad]: bad },
      sections: [
        {
          heading: bad,
          paragraphs: [bad],
          table: { columns: [bad], rows: [[bad]] },
          pictures: [{ svg, alt: bad, caption: bad }],
        },
      ],
    };
    const html = await oodReportHtml(
      { [bad]: { ...report, rows: report.rows.map((row) => ({ ...row, name: `${row.name} ${bad}` })) } },
      options,
    );
    for (const forbidden of ['<script', '\u0000']) expect(html.includes(forbidden)).toBe(false);
    const { document } = parseHTML(html);
    const shown = bad.replace('\u0000', '\uFFFD');
    expect(textOf(document.querySelector('h1'))).toBe(shown);
    expect(document.querySelector('section img')!.getAttribute('alt')).toBe(shown);
    expect(html.match(/(?:href|src)="(?!data:)/g)).toBeNull();
  });

  const [verdict, section] = [{ level: 'good', text: 'Fine.' }, { heading: 'One' }];
  const report = exampleReport(0);
  it.each([
    ['reports', 'INVALID_ARGUMENT', [report], {}],
    ['reports', 'INVALID_ARGUMENT', report, {}],
    ['reports', 'INVALID_ARGUMENT', { a: { ...report, rows: [{ name: 'a' }] } }, {}],
    ['reports', 'EMPTY_INPUT', {}, {}],
    ['title', 'INVALID_OPTION', { report }, { title: ' ' }],
    ['lang', 'INVALID_OPTION', { report }, { lang: 'not a language' }],
    ['verdict.level', 'INVALID_OPTION', {}, { verdict: { ...verdict, level: 'fine' } }],
    ['verdict.text', 'INVALID_OPTION', {}, { verdict: { level: 'good' } }],
    ['details.seed', 'INVALID_OPTION', { report }, { details: { seed: null } }],
    ['sections', 'INVALID_OPTION', { report }, { sections: section }],
    ['sections[0].heading', 'INVALID_OPTION', {}, { sections: [{}] }],
    ['sections[0].paragraphs', 'INVALID_OPTION', {}, { sections: [{ ...section, paragraphs: 'a' }] }],
    [
      'sections[0].table',
      'INVALID_OPTION',
      {},
      { sections: [{ ...section, table: { columns: ['a'], rows: [[1, 2]] } }] },
    ],
    [
      'sections[0].pictures[0]',
      'INVALID_OPTION',
      {},
      { sections: [{ ...section, pictures: [{ svg: '<p>', alt: 'a' }] }] },
    ],
    ['sections[0].pictures[0]', 'INVALID_OPTION', {}, { sections: [{ ...section, pictures: [{ alt: 'a' }] }] }],
    [
      'sections[0].pictures[0].alt',
      'INVALID_OPTION',
      {},
      { sections: [{ ...section, pictures: [{ svg: '<svg/>' }] }] },
    ],
  ] as const)('refuses a bad %s with %s', async (argument, code, reports, options) => {
    const work = () => oodReportHtml(reports as never, options as never);
    await expectRefusal(work, { code, fn: 'oodReportHtml', argument });
  });
});
