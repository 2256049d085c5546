// A plugin of typedoc: where a function takes options, they stand on its page, and pages have what screen readers and the keyboard need.
import { Converter, PageEvent, ReflectionKind } from 'typedoc';

export function load({ converter, renderer }) {
  converter.on(Converter.EVENT_RESOLVE_BEGIN, ({ project }) => {
    for (const { name, comment } of project.getReflectionsByKind(ReflectionKind.Interface))
      if (name.endsWith('Options')) comment?.modifierTags.add('@expand');
  });
  renderer.on(PageEvent.END, (page) => {
    page.contents = page.contents
      ?.replace('<div class="col-content">', '<div class="col-content" role="main">')
      .replace('<div class="page-menu">', '<div class="page-menu" role="complementary">')
      // A parameter without a comment has that of its type, which stands above the options already.
      .replaceAll(/(<div class="tsd-comment tsd-typography">(?:(?!<\/div>)[\s\S])*<\/div>)\n\1/g, '$1')
      .replaceAll('<table>', '<table tabindex="0">');
  });
}
