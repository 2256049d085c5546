import { type BackendName, usableBackends, useBackend } from './backends';
import { createDigitsTab } from './digits/digitsTab';
import { createMoonsTab } from './moons/moonsTab';
import { createQueue } from './queue';
import type { Tab } from './tab';
import { useTabs } from './tabs';
import { element, find } from './ui';

const failure = find('#failure', HTMLElement);
const choice = find('#backend', HTMLSelectElement);
const note = find('#backend-note', HTMLElement);
const queue = createQueue();
const tabs: Readonly<Record<string, Tab>> = {
  moons: createMoonsTab(queue, showFailure),
  digits: createDigitsTab(queue, showFailure),
};

function showFailure(error: unknown): void {
  failure.textContent = error instanceof Error ? error.message : String(error);
  failure.hidden = false;
}

/** Frees everything on the old backend and starts anew on another. */
async function changeBackend(name: BackendName): Promise<void> {
  for (const tab of Object.values(tabs)) tab.stop();
  note.textContent = 'is starting …';
  note.textContent = await useBackend(name);
  for (const tab of Object.values(tabs)) await tab.start();
}

useTabs(Object.keys(tabs), (shown) => {
  for (const [name, tab] of Object.entries(tabs)) tab.show(name === shown);
});
choice.addEventListener('change', () => {
  failure.hidden = true;
  queue(() => changeBackend(choice.value as BackendName)).catch(showFailure);
});
const names = await usableBackends();
choice.replaceChildren(...names.map((name) => element('option', name)));
queue(() => changeBackend(names[0]!)).catch(showFailure);
