import { describe, expect, it } from 'vitest';
import { rocPlot } from '../../src/report';
import { darkStyle, seriesStyle } from '../../src/report/palette';
import { readSvg } from './readSvg';

/** WCAG 2.2's relative luminance of a colour such as `#0072B2`. */
function luminance(colour: string): number {
  const long = colour.length === 4 ? colour.replace(/[^#]/g, '$&$&') : colour;
  const [r, g, b] = [1, 3, 5]
    .map((at) => Number.parseInt(long.slice(at, at + 2), 16) / 255)
    .map((part) => (part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4));
  return 0.2126 * r! + 0.7152 * g! + 0.0722 * b!;
}

function contrast(a: string, b: string): number {
  const [low, high] = [luminance(a), luminance(b)].sort((x, y) => x - y);
  return (high! + 0.05) / (low! + 0.05);
}

/** The light and the dark colour in a style. */
const twins = (drawn: Element, property: string) => {
  const style = drawn.getAttribute('style') ?? '';
  return new RegExp(`${property}:light-dark\\(([^,]*),([^)]*)\\)`).exec(style)?.slice(1) ?? [];
};

describe('the colours of pictures', () => {
  it('give text a contrast of at least 7 on light and dark pages, and the first four lines one of at least 2.9', async () => {
    const root = readSvg(await rocPlot([1, 2], { a: [1], b: [1], c: [0], d: [2] }));
    const paper = twins(root.children[2]!, 'fill');
    const text = twins(root, 'color');
    const lines = [...root.querySelectorAll('g[aria-label="line"]')].map((g) => twins(g, 'stroke')).filter((t) => t[0]);
    expect(lines).toHaveLength(4);
    for (const scheme of [0, 1]) {
      expect(contrast(text[scheme]!, paper[scheme]!)).toBeGreaterThan(7);
      for (const line of lines) expect(contrast(line[scheme]!, paper[scheme]!)).toBeGreaterThan(2.9);
    }
  });

  it('keep in attributes what they are on a light page, for programs that know no dark one', async () => {
    const root = readSvg(await rocPlot([1, 2], { a: [1] }));
    expect(root.getAttribute('color')).toBe(twins(root, 'color')[0]);
    for (const drawn of root.querySelectorAll('[style*="light-dark"][stroke]'))
      expect(drawn.getAttribute('stroke')).toBe(twins(drawn, 'stroke')[0]);
  });

  it('tell eight series apart on dark pages as well', () => {
    const colours = Array.from({ length: 8 }, (_, i) => darkStyle(seriesStyle(i).colour));
    expect(new Set(colours).size).toBe(8);
    expect(colours).not.toContain(undefined);
  });
});
