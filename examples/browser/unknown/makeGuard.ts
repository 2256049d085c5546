import { fitUnknown, type RestoredUnknown, restoreUnknown, type SavedUnknown } from 'relu-overconfidence/detectors';
import { meanConfidence } from './audit';
import { readPhotographs } from './photographs';
import type { YourModel } from './yourModel';

/** A model that may answer "unknown", and what its visitor is told of it. */
export interface Guard {
  readonly guard: RestoredUnknown;
  /** The contents of `unknown.json`. */
  readonly saved: SavedUnknown;
  /** What share is refused of photographs that were destroyed in each way. */
  readonly refused: Readonly<Record<string, number>>;
  /** How sure the model alone is of the photographs, on the mean. */
  readonly confidence: number;
  /** Names of files that are no pictures. */
  readonly unreadable: readonly string[];
}

/** What is being done, in words, and how far it is: from 0 to 1. */
export type Progress = (words: string, share: number) => void;

/** Makes a guard of a model and photographs of what it is for. */
export async function makeGuard(
  { model, net }: YourModel,
  files: readonly File[],
  { onProgress, signal }: { readonly onProgress: Progress; readonly signal: AbortSignal },
): Promise<Guard> {
  const { x, unreadable } = await readPhotographs(files, net, (count) =>
    onProgress(`Reading: ${count} of ${files.length} …`, 0),
  );
  try {
    const watching = { signal, onProgress: imagesOf(x.shape[0]!, onProgress) };
    const confidence = await meanConfidence(net, x, watching);
    const fitted = await fitUnknown(net, x, { seed: 0, batchSize: 16, ...watching });
    const saved = fitted.save();
    const guard = await restoreUnknown(model, saved);
    return { guard, saved, refused: fitted.tried[0]!.refused, confidence, unreadable };
  } finally {
    x.dispose();
  }
}

/** Adds up the images of passes that count from 0 each: two of the photographs, and one of each set that is destroyed. */
function imagesOf(count: number, onProgress: Progress): (progress: { readonly done: number }) => void {
  const total = 2 * count + 5 * Math.min(Math.ceil(count / 3), 60);
  let [before, last] = [0, 0];
  return ({ done }) => {
    if (done <= last) before += last;
    last = done;
    onProgress(`Looking: ${before + done} pictures …`, Math.min(1, (before + done) / total));
  };
}
