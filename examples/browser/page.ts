import { type BackendName, bestBackend, type NetworkSize, noteOn, usableBackends, useBackend } from './backends';
import { createDigitsTab } from './digits/digitsTab';
import { createMoonsTab } from './moons/moonsTab';
import { createQueue, type Queue } from './queue';
import type { Tab } from './tab';
import { useTabs } from './tabs';
import { element, find } from './ui';
import { createUnknownTab } from './unknown/unknownTab';

type TabName = keyof typeof SIZES;

/** The tabs, with the size of their networks. */
const SIZES = { moons: 'small', digits: 'small', yours: 'large' } as const satisfies Record<string, NetworkSize>;

const failure = find('#failure', HTMLElement);
const choice = find('#backend', HTMLSelectElement);
const note = find('#backend-note', HTMLElement);
const queue = createQueue();
const tabs: Readonly<Record<TabName, Tab>> = {
  moons: createMoonsTab(queueOf('moons'), showFailure),
  digits: createDigitsTab(queueOf('digits'), showFailure),
  yours: createUnknownTab(queueOf('yours'), showFailure),
};
const backends: Partial<Record<TabName, BackendName>> = {};
let usable: readonly BackendName[] = [];
let shown: TabName = 'moons';

/** The queue as a tab has it, whose tasks find the tab's backend in use. */
function queueOf(name: TabName): Queue {
  return (task) =>
    queue(async () => {
      await useBackend(backendOf(name));
      return task();
    });
}

/** The backend of a tab: what the visitor chose for it, or the best. */
function backendOf(name: TabName): BackendName {
  backends[name] ??= bestBackend(usable, SIZES[name]);
  return backends[name];
}

function showFailure(error: unknown): void {
  failure.textContent = error instanceof Error ? error.message : String(error);
  failure.hidden = false;
}

/** Frees all that a tab has on the old backend, and starts it anew on another. */
async function changeBackend(name: TabName, backend: BackendName): Promise<void> {
  tabs[name].stop();
  backends[name] = backend;
  note.textContent = 'is starting …';
  await useBackend(backend);
  showBackend();
  await tabs[name].start();
}

function showBackend(): void {
  if (usable.length === 0) return;
  choice.value = backendOf(shown);
  note.textContent = noteOn(backendOf(shown), SIZES[shown]);
}

useTabs(Object.keys(tabs), (name) => {
  shown = name as TabName;
  for (const [other, tab] of Object.entries(tabs)) tab.show(other === name);
  showBackend();
});
choice.addEventListener('change', () => {
  failure.hidden = true;
  const [name, backend] = [shown, choice.value as BackendName];
  tabs[name].interrupt?.();
  queue(() => changeBackend(name, backend)).catch(showFailure);
});
queue(async () => {
  usable = await usableBackends();
  choice.replaceChildren(...usable.map((name) => element('option', name)));
  for (const name of ['moons', 'digits'] as const) await changeBackend(name, backendOf(name));
}).catch(showFailure);
