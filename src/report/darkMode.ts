import { darkStyle } from './palette';
import { element } from './svg';

/** Text, background and grid of every picture, on a light page and on a dark one. */
export const INK = { light: '#222', dark: '#e4e4e7' } as const;
export const PAPER = { light: '#fff', dark: '#18181b' } as const;
export const GRID = { light: '#ddd', dark: '#3f3f46' } as const;

/**
 * Adds the colours for a dark page to a picture whose attributes hold those for a light one; programs that do not know
 * `light-dark()` keep the attributes.
 *
 * Inside a page the picture follows the page's `color-scheme`; as a file of its own it follows the reader's settings. Maps,
 * whose colours are a scale, stay as they are.
 */
export function adaptToDark(document: Document, svg: Element, background: Element): void {
  addStyle(svg, 'color', INK.light, INK.dark);
  addStyle(background, 'fill', PAPER.light, PAPER.dark);
  for (const drawn of svg.querySelectorAll('g[stroke], path[stroke]')) {
    const light = drawn.getAttribute('stroke')!;
    const dark = light === GRID.light ? GRID.dark : darkStyle(light);
    if (dark !== undefined) addStyle(drawn, 'stroke', light, dark);
  }
  // Matches in a file of its own only, so that a picture inside a page does not decide for the page.
  background.after(element(document, 'style', {}, 'svg:root{color-scheme:light dark}'));
}

function addStyle(drawn: Element, property: string, light: string, dark: string): void {
  const before = drawn.getAttribute('style');
  const added = `${property}:light-dark(${light},${dark})`;
  drawn.setAttribute('style', before === null ? added : `${before};${added}`);
}
