const NAMESPACE = 'http://www.w3.org/2000/svg';

/** Characters that XML cannot hold, not even escaped. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: these are the ones to take out.
const FORBIDDEN = /[\u0000-\u0008\u000B\u000C\u000E-\u001F\uFFFE\uFFFF]/g;

/** An SVG element with attributes, and text or children inside. */
export function element(
  document: Document,
  name: string,
  attributes: Readonly<Record<string, string | number>>,
  inside: string | readonly Element[] = [],
): Element {
  const made = document.createElementNS(NAMESPACE, name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, String(value));
  if (typeof inside === 'string') made.textContent = cleanText(inside);
  else made.append(...inside);
  return made;
}

/** The text with what XML cannot hold replaced. */
export function cleanText(text: string): string {
  return text.replace(FORBIDDEN, '\uFFFD');
}

/** The element as a file of its own. */
export function serialise(svg: Element): string {
  svg.setAttribute('xmlns', NAMESPACE);
  return typeof XMLSerializer === 'undefined' ? svg.outerHTML : new XMLSerializer().serializeToString(svg);
}

/** Width of text in pixels, estimated on the wide side: there is no font to measure. */
export function estimateWidth(text: string, fontSize: number): number {
  return [...text].length * fontSize * 0.62;
}

/** Text that fits into a width, cut with an ellipsis where it must be. */
export function fitText(text: string, fontSize: number, width: number): string {
  const letters = [...text];
  const room = Math.max(1, Math.floor(width / (fontSize * 0.62)));
  return letters.length <= room ? text : `${letters.slice(0, room - 1).join('')}…`;
}
