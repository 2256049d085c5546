import * as tf from '@tensorflow/tfjs-core';
import { classifier, type Method, paperNoise } from 'relu-overconfidence';
import { onLookChange, openSheet, paintShares } from '../canvas';
import { createLoop } from '../loop';
import type { Queue } from '../queue';
import type { Tab } from '../tab';
import { find } from '../ui';
import { adversarialNoise, EPSILON } from './attack';
import { type Classifiers, loadClassifiers } from './classifiers';
import { createPad } from './pad';
import { loadRealDigits, type RealDigit } from './realDigits';
import { toPixels } from './strokes';
import { createVerdict } from './verdict';

const NAMES = { plain: 'Plain', ceda: 'CEDA', acet: 'ACET' } as const satisfies Record<Method, string>;
const METHODS = Object.keys(NAMES) as Method[];
const SHAPE: [number, number, number, number] = [1, 8, 8, 1];

/** Makes the second tab: three classifiers look at what the visitor draws, and at noise. */
export function createDigitsTab(queue: Queue, onFailure: (error: unknown) => void): Tab {
  const seen = find('#seen', HTMLCanvasElement);
  const note = find('#seen-note', HTMLElement);
  const victim = find('#victim', HTMLSelectElement);
  const verdicts = METHODS.map((method) => createVerdict(method, NAMES[method]));
  const pad = createPad((strokes) => look(toPixels(strokes), 'Your drawing, moved and scaled to fill the frame.'));
  const loop = createLoop(() => queue(classify), onFailure);
  let classifiers: Classifiers | undefined;
  let digits: readonly RealDigit[] = [];
  let pixels = new Float32Array(64);
  let noise: Float32Array | undefined;
  let [isNew, drawn] = [false, 0];

  /** Shows an image, and to the classifiers as soon as they are free. */
  function look(image: Float32Array, words: string): void {
    pixels = Float32Array.from(image);
    noise = undefined;
    isNew = true;
    note.textContent = words;
    draw();
    loop.wake();
  }

  async function classify(): Promise<boolean> {
    if (classifiers === undefined || !isNew) return false;
    isNew = false;
    const models = classifiers;
    const shown = tf.tidy(() => {
      const x = tf.tensor4d(pixels, SHAPE);
      return METHODS.map((method) => tf.softmax(classifier(models[method]).logits(x)));
    });
    const probabilities = await Promise.all(shown.map((tensor) => tensor.data()));
    tf.dispose(shown);
    for (const [i, verdict] of verdicts.entries()) verdict.write(probabilities[i]!);
    return isNew;
  }

  function draw(): void {
    pad.draw();
    const sheet = openSheet(seen);
    if (sheet === undefined) return;
    sheet.context.imageSmoothingEnabled = false;
    const gray = (share: number) => [255 * share, 255 * share, 255 * share] as const;
    sheet.context.drawImage(paintShares(pixels, 8, gray), 0, 0, sheet.width, sheet.height);
  }

  function showDigit(): void {
    const { pixels: image, label } = digits[(7 * drawn++) % digits.length]!;
    pad.clear();
    look(image, `A real ${label} that none of the networks was trained on.`);
  }

  /** Noise of the paper, made from a real digit. */
  async function showNoise(): Promise<void> {
    const made = tf.tidy(() =>
      paperNoise(tf.tensor4d(digits[drawn % digits.length]!.pixels, SHAPE), { seed: drawn++ }),
    );
    const image = (await made.data()) as Float32Array;
    made.dispose();
    pad.clear();
    look(image, 'Noise: a digit with its pixels shuffled or drawn at random, blurred and stretched to full contrast.');
    noise = image;
  }

  async function showAdversarial(): Promise<void> {
    if (noise === undefined) await showNoise();
    const start = noise!;
    const made = tf.tidy(() =>
      adversarialNoise(classifiers![victim.value as Method], tf.tensor4d(start, SHAPE), drawn++),
    );
    const image = (await made.data()) as Float32Array;
    made.dispose();
    const name = victim.selectedOptions[0]!.text;
    look(image, `The noise, each pixel moved by at most ${EPSILON} so that ${name} becomes as sure as possible.`);
    noise = start;
  }

  /** Lets a button do something with the classifiers. */
  function onClick(id: string, act: () => void | Promise<void>): void {
    find(`#${id}`, HTMLButtonElement).addEventListener('click', () => {
      queue(async () => {
        if (classifiers !== undefined) await act();
      }).catch(onFailure);
    });
  }

  onClick('sample', showDigit);
  onClick('noise', showNoise);
  onClick('adversarial', showAdversarial);
  onClick('clear', () => {
    pad.clear();
    look(new Float32Array(64), 'Nothing yet.');
  });
  onLookChange(draw);

  return {
    async start() {
      classifiers = await loadClassifiers();
      if (digits.length === 0) digits = await loadRealDigits();
      if (drawn === 0) showDigit();
      isNew = true;
      loop.wake();
    },
    stop() {
      if (classifiers !== undefined) for (const method of METHODS) classifiers[method].dispose();
      classifiers = undefined;
    },
    show(visible) {
      if (visible) draw();
    },
  };
}
