import { cleanText } from '../svg';

/** Markup that is ready to be put into a page; made by {@link tag} only. */
export interface Markup {
  readonly markup: string;
}

/** What stands inside an element: texts are escaped. */
export type Content = string | Markup | readonly Content[];

/** Elements that have no end tag. */
const VOID = new Set(['img', 'link', 'meta']);

/** An element with attributes, escaped, and its content; attributes that are `undefined` are left out. */
export function tag(
  name: string,
  attributes: Readonly<Record<string, string | number | undefined>>,
  ...content: Content[]
): Markup {
  const written = Object.entries(attributes).flatMap(([key, value]) =>
    value === undefined ? [] : [` ${key}="${escapeText(String(value))}"`],
  );
  const start = `<${name}${written.join('')}>`;
  return { markup: VOID.has(name) ? start : `${start}${render(content)}</${name}>` };
}

/** Content as text of a page. No line is broken between a number and its per cent sign. */
export function render(content: Content): string {
  if (typeof content === 'string') return escapeText(content).replaceAll(/(\d) %/g, '$1&nbsp;%');
  return 'markup' in content ? content.markup : content.map(render).join('');
}

function escapeText(text: string): string {
  return cleanText(text)
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;')
    .replaceAll("'", '&#39;');
}
