/** The element that the page's HTML is known to have. */
export function find<T extends Element>(selector: string, type: new () => T, within: ParentNode = document): T {
  const found = within.querySelector(selector);
  if (!(found instanceof type)) throw new Error(`The page has no ${type.name} ${selector}.`);
  return found;
}

/** A slider with its number beside it in words. */
export interface Slider {
  readonly value: number;
  set(value: number): void;
}

/** Takes a slider of the page into use: `words` writes its number, `onInput` hears of each change by the visitor. */
export function useSlider(id: string, words: (value: number) => string, onInput = () => {}): Slider {
  const input = find(`#${id}`, HTMLInputElement);
  const output = find(`#${id}-value`, HTMLOutputElement);
  const write = () => {
    output.value = words(input.valueAsNumber);
    input.setAttribute('aria-valuetext', output.value);
  };
  input.addEventListener('input', () => {
    write();
    onInput();
  });
  write();
  return {
    get value() {
      return input.valueAsNumber;
    },
    set(value) {
      input.valueAsNumber = value;
      write();
    },
  };
}

/** A confidence in words, never rounded up to certainty. */
export function percent(confidence: number): string {
  if (confidence === 1) return '100 %';
  return confidence > 0.9995 ? '> 99.9 %' : `${(100 * confidence).toFixed(1)} %`;
}

/** An element with text. */
export function element<K extends keyof HTMLElementTagNameMap>(
  name: K,
  text = '',
  className = '',
): HTMLElementTagNameMap[K] {
  const made = document.createElement(name);
  made.textContent = text;
  if (className !== '') made.className = className;
  return made;
}
