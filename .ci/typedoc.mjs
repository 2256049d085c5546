// A plugin of typedoc: where a function takes options, they stand on its page, and pages have what screen readers and the keyboard need.
import { Converter, PageEvent, ReflectionKind } from 'typedoc';

export function load({ converter, renderer }) {
  converter.on(Converter.EVENT_RESOLVE_BEGIN, ({ project }) => {
    for (const { name, comment } of project.getReflectionsByKind(ReflectionKind.Interface))
      if (name.endsWith('Options')) comment?.modifierTags.add('@expand');
  });
  renderer.on(PageEvent.END, (page) => {
    page.contents = withLevels(page.contents ?? '')
      .replace('<div class="col-content">', '<div class="col-content" role="main">')
      .replace('<div class="page-menu">', '<div class="page-menu" role="complementary">')
      // A parameter without a comment has that of its type, which stands above the options already.
      .replaceAll(/(<div class="tsd-comment tsd-typography">(?:(?!<\/div>)[\s\S])*<\/div>)\n\1/g, '$1')
      // The link of a heading to itself, within what folds its section, would be a control inside a control.
      .replaceAll(/(<summary\b(?:(?!<\/summary>)[\s\S])*?)<a [^>]*class="tsd-anchor-icon"[\s\S]*?<\/a>/g, '$1')
      .replaceAll('<table>', '<table tabindex="0">');
  });
}

/** Headings keep their looks and tell their depth: typedoc goes from `h1` to `h4`, and a level that is left out looks like a missing part. */
function withLevels(html) {
  const open = [];
  return html.replaceAll(/<h([1-6])(?=[\s>])/g, (tag, size) => {
    while (open.length > 0 && open.at(-1) >= size) open.pop();
    open.push(size);
    return Number(size) === open.length ? tag : `${tag} aria-level="${open.length}"`;
  });
}
