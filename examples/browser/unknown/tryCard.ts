import type { Prediction } from 'relu-overconfidence/detectors';
import { viridis } from '../../../src/report/palette';
import { find } from '../ui';
import { useDropZone } from './dropZone';
import { wholePercent } from './words';

/** The card in which the visitor asks about pictures and the webcam. */
export interface TryCard {
  readonly video: HTMLVideoElement;
  /** Shows the middle of a picture, as the model sees it. */
  showPicture(picture: ImageBitmap): void;
  /** Shows an answer; `taken` is the class that the model takes the picture for. */
  show(answer: Prediction, taken: string): void;
  /** Whether the webcam is on. */
  showCamera(isOn: boolean): void;
  /** Says what went wrong, beside the input. */
  fail(words: string): void;
  /** Shows nothing. */
  clear(): void;
}

/** Side of the picture that is shown, in pixels. */
const SIDE = 448;

/** Takes the card of the page into use. */
export function createTryCard(
  onFiles: (files: readonly File[]) => void,
  onCamera: () => void,
  onFailure: (error: unknown) => void,
): TryCard {
  const canvas = find('#shown', HTMLCanvasElement);
  const video = find('#video', HTMLVideoElement);
  const button = find('#webcam', HTMLButtonElement);
  const fault = find('#picture-fault', HTMLElement);
  const verdict = find('#verdict-yours', HTMLElement);
  const answer = find('#answer', HTMLElement);
  const sure = find('#sure', HTMLElement);
  const reason = find('#reason', HTMLElement);
  const fill = find('.track div', HTMLElement, verdict);

  function clear(wrong = ''): void {
    fault.textContent = wrong;
    answer.textContent = '';
    for (const part of [canvas, verdict]) part.hidden = true;
  }

  useDropZone('picture', onFiles, onFailure);
  button.addEventListener('click', onCamera);
  return {
    video,
    showPicture(picture) {
      const side = Math.min(picture.width, picture.height);
      const [left, top] = [(picture.width - side) / 2, (picture.height - side) / 2];
      canvas.width = SIDE;
      canvas.height = SIDE;
      canvas.getContext('2d')!.drawImage(picture, left, top, side, side, 0, 0, SIDE, SIDE);
      canvas.hidden = false;
    },
    show({ label, confidence, reason: why }, taken) {
      fault.textContent = '';
      // What has not changed is not read out again.
      if (answer.textContent !== label) answer.textContent = label;
      sure.textContent = `The model alone is ${wholePercent(confidence)} sure that it is ${taken}.`;
      reason.textContent = `${why.charAt(0).toUpperCase()}${why.slice(1)}.`;
      fill.style.width = `${100 * confidence}%`;
      fill.style.background = `rgb(${viridis(confidence).join(' ')})`;
      verdict.hidden = false;
    },
    showCamera(isOn) {
      button.textContent = isOn ? 'Stop the webcam' : 'Webcam';
    },
    fail: clear,
    clear: () => clear(),
  };
}
