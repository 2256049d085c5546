import { decode } from 'fast-png';
import { parseHTML } from 'linkedom';
import { expect } from 'vitest';

/** The picture as a tree, after checking that it is well-formed XML with the parts that every picture has. */
export function readSvg(svg: string): Element {
  expectWellFormed(svg);
  const root = parseHTML(`<html><body>${svg}</body></html>`).document.querySelector('svg')!;
  expect(root.getAttribute('role')).toBe('img');
  expect(root.children[0]!.tagName.toLowerCase()).toBe('title');
  expect(root.children[1]!.tagName.toLowerCase()).toBe('desc');
  expect(root.children[2]!.getAttribute('fill')).toBe('#fff');
  expect(svg).toContain('xmlns="http://www.w3.org/2000/svg"');
  expect(svg).not.toMatch(/NaN|undefined|Infinity/);
  // The only rule of style matches nothing in a page.
  expect(svg.match(/<style>[^<]*<\/style>/g)).toEqual(['<style>svg:root{color-scheme:light dark}</style>']);
  return root;
}

/** Reads tag by tag: every one is closed, attributes are quoted, and `<` and `&` appear nowhere else. */
function expectWellFormed(xml: string): void {
  const open: string[] = [];
  const rest = xml.replace(
    /<(\/?)([\w:-]+)((?:\s+[\w:-]+="(?:[^"<&]|&[#\w]+;)*")*)\s*(\/?)>/g,
    (_, close, name, __, self) => {
      if (close === '/') expect(open.pop()).toBe(name);
      else if (self !== '/') open.push(name);
      return '';
    },
  );
  expect(open).toEqual([]);
  expect(rest).toMatch(/^(?:[^<&]|&(?:lt|gt|amp|quot|apos|#\d+);)*$/);
}

/** All texts of a picture that can be seen. */
export const texts = (root: Element): string[] => [...root.querySelectorAll('text')].map((t) => t.textContent ?? '');

/** Corner points, in pixels, of the lines with a colour that belong to the marks and not to the legend. */
export function linePoints(root: Element, colour: string): [x: number, y: number][] {
  const marks = [...root.querySelectorAll('g[aria-label="line"]')].find((g) => g.getAttribute('stroke') === colour)!;
  const path = marks.querySelector('path')!.getAttribute('d')!;
  return [...path.matchAll(/[ML](-?[\d.e-]+),(-?[\d.e-]+)/g)].map(([, x, y]) => [Number(x), Number(y)]);
}

/** The pixels of the picture inside the picture. */
export function embeddedPng(root: Element) {
  const image = root.querySelector('image')!;
  const address = image.getAttribute('href') ?? image.getAttribute('xlink:href')!;
  return decode(Buffer.from(address.split(',')[1]!, 'base64'));
}
