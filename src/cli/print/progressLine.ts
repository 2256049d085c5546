import type { Progress } from '../../core/progress';
import type { Output } from '../io';

/**
 * Draws progress: in place on a terminal, otherwise a line whenever something else is worked on and for every tenth of the way, or for
 * every doubling where nobody knows how long it is, and only if `always`.
 */
export interface ProgressLine {
  readonly show: (progress: Progress) => void;
  /** Takes the line away from a terminal. */
  readonly clear: () => void;
}

const WIDTH = 24;
/** Milliseconds between two drawings of the same work on a terminal. */
const EVERY = 100;

export function progressLine(output: Output, always: boolean): ProgressLine {
  if (output.isTTY)
    return {
      show: atMostEvery(EVERY, (progress) => output.write(`\r\x1b[K${lineOf(progress).slice(0, output.columns - 1)}`)),
      clear: () => output.write('\r\x1b[K'),
    };
  let last = { label: '', done: 0, total: Number.NaN, reached: -1 };
  const show = (progress: Progress) => {
    const { label, done, total } = progress;
    // Another label or total, or less done than before: the next piece of work.
    const before = label === last.label && total === last.total && done >= last.done ? last.reached : -1;
    const reached = Math.floor(Number.isFinite(total) ? (10 * done) / total : Math.log2(done));
    last = { label, done, total, reached: Math.max(before, reached) };
    if (reached > before) output.write(`${lineOf(progress)}\n`);
  };
  return { show: always ? show : () => {}, clear: () => {} };
}

function atMostEvery(ms: number, draw: (progress: Progress) => void): (progress: Progress) => void {
  let [drawn, label] = [Number.NEGATIVE_INFINITY, ''];
  return (progress) => {
    const now = performance.now();
    if (now - drawn < ms && progress.label === label) return;
    [drawn, label] = [now, progress.label];
    draw(progress);
  };
}

/** Where nobody can know the total, only how much is done. */
function lineOf({ label, done, total, remainingMs }: Progress): string {
  if (!Number.isFinite(total)) return `${done} ${label}`;
  const share = total === 0 ? 1 : done / total;
  const filled = Math.round(WIDTH * share);
  const bar = '█'.repeat(filled) + '░'.repeat(WIDTH - filled);
  return `${bar} ${String(Math.floor(100 * share)).padStart(3)} %  ${timeLeft(remainingMs)}  ${label}`;
}

function timeLeft(ms: number): string {
  if (!Number.isFinite(ms)) return '--:-- left';
  const seconds = Math.ceil(ms / 1000);
  const two = (value: number) => String(value).padStart(2, '0');
  const hours = Math.floor(seconds / 3600);
  const rest = `${two(Math.floor((seconds % 3600) / 60))}:${two(seconds % 60)} left`;
  return hours > 0 ? `${hours}:${rest}` : rest;
}
