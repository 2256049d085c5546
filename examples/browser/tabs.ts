import { find } from './ui';

/**
 * Makes tabs of the page's tablist, as the ARIA pattern has them: arrow keys move between them, and a tab can be addressed
 * by its panel's name after #.
 *
 * @param onShow - Hears the name of the panel that is shown.
 */
export function useTabs(names: readonly string[], onShow: (name: string) => void): void {
  const tabs = names.map((name) => find(`#tab-${name}`, HTMLButtonElement));
  const show = (chosen: number) => {
    for (const [i, tab] of tabs.entries()) {
      tab.setAttribute('aria-selected', String(i === chosen));
      tab.tabIndex = i === chosen ? 0 : -1;
      find(`#${names[i]}`, HTMLElement).hidden = i !== chosen;
    }
    onShow(names[chosen]!);
  };
  for (const [i, tab] of tabs.entries()) {
    tab.addEventListener('click', () => {
      history.replaceState(null, '', `#${names[i]}`);
      show(i);
    });
    tab.addEventListener('keydown', ({ key }) => {
      const step = { ArrowRight: 1, ArrowLeft: -1 }[key];
      if (step === undefined) return;
      const next = tabs[(i + step + tabs.length) % tabs.length]!;
      next.focus();
      next.click();
    });
  }
  show(Math.max(0, names.indexOf(location.hash.slice(1))));
}
