// Runs in the pages of the documentation: takes links out of the summaries that fold the list of pages, because a control
// inside a control is not announced by screen readers. site.css puts the two beside each other again.
const list = document.getElementById('tsd-nav-container');

function separate() {
  for (const link of list?.querySelectorAll('summary > a') ?? []) {
    const summary = link.parentElement;
    summary.ariaLabel = `Pages of ${link.textContent}`;
    summary.parentElement.before(link);
    // A long name may be broken after its slash.
    for (const part of [...link.lastElementChild.childNodes].filter(({ data }) => data?.includes('/')))
      part.splitText(part.data.indexOf('/') + 1).before(document.createElement('wbr'));
  }
}

if (list) new MutationObserver(separate).observe(list, { childList: true });
separate();
