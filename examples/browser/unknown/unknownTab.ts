import type { RestoredUnknown } from 'relu-overconfidence/detectors';
import { createLoop } from '../loop';
import type { Queue } from '../queue';
import type { Tab } from '../tab';
import { find } from '../ui';
import { createCamera } from './camera';
import { createGuardCard } from './guardCard';
import { createModelCard } from './modelCard';
import { createTryCard } from './tryCard';
import { faultInWords, isAborted } from './words';
import type { YourModel } from './yourModel';

/** Makes the third tab: a visitor's model, which learns from photographs to say "unknown". What computes is loaded when it is first needed. */
export function createUnknownTab(queue: Queue, onFailure: (error: unknown) => void): Tab {
  const modelCard = createModelCard(chooseModel, onFailure);
  const guardCard = createGuardCard(choosePhotographs, onFailure);
  const tryCard = createTryCard(choosePicture, toggleCamera, onFailure);
  const camera = createCamera(tryCard.video);
  const loop = createLoop(() => queue(look), failToTry);
  let modelFiles: readonly File[] = [];
  let photographs: readonly File[] = [];
  let picture: File | undefined;
  let yours: YourModel | undefined;
  let guard: RestoredUnknown | undefined;
  let smooth = (label: string) => label;
  let work = new AbortController();
  let visible = false;

  function chooseModel(files: readonly File[]): void {
    const signal = interrupt();
    queue(async () => {
      free();
      [modelFiles, photographs, picture] = [files, [], undefined];
      await build(signal);
    }).catch(onFailure);
  }

  function choosePhotographs(files: readonly File[]): void {
    const signal = interrupt();
    queue(async () => {
      photographs = yours === undefined ? [] : files;
      if (yours === undefined) guardCard.fail('Choose the model first.');
      else await learn(yours, signal);
    }).catch(onFailure);
  }

  function choosePicture([file]: readonly File[]): void {
    stopCamera();
    queue(async () => {
      picture = file;
      await answer();
    }).catch(onFailure);
  }

  /** All of the files that were chosen, on the backend of the moment. */
  async function build(signal: AbortSignal): Promise<void> {
    await load();
    if (yours !== undefined && photographs.length > 0) await learn(yours, signal);
    if (guard !== undefined && picture !== undefined) await answer();
  }

  async function load(): Promise<void> {
    modelCard.say('Loading …');
    try {
      const [{ readYourModel }, { auditOf }] = await Promise.all([import('./yourModel'), import('./audit')]);
      yours = await readYourModel(modelFiles);
      modelCard.show(yours.net, await auditOf(yours.net));
    } catch (error) {
      free();
      modelCard.fail(faultInWords(error));
    }
  }

  async function learn(model: YourModel, signal: AbortSignal): Promise<void> {
    guard = undefined;
    tryCard.clear();
    modelCard.showPhotographs(undefined);
    guardCard.say('Reading …', 0);
    try {
      const { makeGuard } = await import('./makeGuard');
      const made = await makeGuard(model, photographs, { signal, onProgress: guardCard.say });
      guard = made.guard;
      guardCard.show(made);
      modelCard.showPhotographs(made.confidence);
    } catch (error) {
      guardCard.fail(isAborted(error) ? '' : faultInWords(error));
    }
  }

  /** What the guard says of the picture that was chosen. */
  async function answer(): Promise<void> {
    tryCard.clear();
    try {
      if (guard === undefined) throw new Error('Choose the model and photographs first.');
      const bitmap = await createImageBitmap(picture!).catch(() => {
        throw new Error(`${picture!.name} is not a picture that this browser can read.`);
      });
      tryCard.showPicture(bitmap);
      const prediction = await guard.predictImage(bitmap).finally(() => bitmap.close());
      tryCard.show(prediction, guard.labels[prediction.index]!);
    } catch (error) {
      picture = undefined;
      failToTry(error);
    }
  }

  /** One frame of the webcam. */
  async function look(): Promise<boolean> {
    if (!camera.isOn || guard === undefined) return false;
    const prediction = await guard.predictImage(tryCard.video);
    if (camera.isOn) tryCard.show({ ...prediction, label: smooth(prediction.label) }, guard.labels[prediction.index]!);
    return camera.isOn;
  }

  async function startCamera(): Promise<void> {
    if (guard === undefined) throw new Error('Choose the model and photographs first.');
    tryCard.clear();
    picture = undefined;
    const { steady } = await import('relu-overconfidence/detectors');
    smooth = steady(5);
    await camera.start();
    if (!visible) camera.stop();
    tryCard.showCamera(camera.isOn);
    loop.wake();
  }

  function toggleCamera(): void {
    if (camera.isOn) stopCamera();
    else startCamera().catch(failToTry);
  }

  function stopCamera(): void {
    camera.stop();
    tryCard.showCamera(false);
  }

  function failToTry(error: unknown): void {
    stopCamera();
    tryCard.fail(faultInWords(error));
  }

  /** Ends what is being learnt, and gives the signal of what comes next. */
  function interrupt(): AbortSignal {
    work.abort();
    work = new AbortController();
    return work.signal;
  }

  function free(): void {
    stopCamera();
    yours?.model.dispose();
    yours = undefined;
    guard = undefined;
    modelCard.say('');
    guardCard.say('');
    tryCard.clear();
  }

  // A browser would leave the page for a file that is dropped beside the cards.
  for (const event of ['dragover', 'drop'])
    find('#yours', HTMLElement).addEventListener(event, (dropped) => dropped.preventDefault());

  return {
    async start() {
      if (modelFiles.length > 0) await build(interrupt());
    },
    stop: free,
    interrupt,
    show(isVisible) {
      visible = isVisible;
      if (!visible) stopCamera();
    },
  };
}
