import type { Progress } from '../../core/progress';
import type { Output } from '../io';

/** Draws progress: in place on a terminal, else a line for every tenth of the way, and only if `always`. */
export interface ProgressLine {
  readonly show: (progress: Progress) => void;
  /** Takes the line away from a terminal. */
  readonly clear: () => void;
}

const WIDTH = 24;
/** Milliseconds between two drawings on a terminal. */
const EVERY = 100;

export function progressLine(output: Output, always: boolean): ProgressLine {
  if (!output.isTTY && !always) return { show: () => {}, clear: () => {} };
  let tenth = -1;
  let drawn = Number.NEGATIVE_INFINITY;
  return {
    show: ({ label, done, total, elapsedMs, remainingMs }) => {
      const share = total === 0 ? 1 : done / total;
      const line = `${barOf(share)} ${String(Math.floor(100 * share)).padStart(3)} %  ${timeLeft(remainingMs)}  ${label}`;
      if (output.isTTY) {
        if (elapsedMs - drawn < EVERY && done < total) return;
        drawn = elapsedMs;
        output.write(`\r\x1b[K${line.slice(0, output.columns - 1)}`);
      } else if (Math.floor(10 * share) > tenth) {
        tenth = Math.floor(10 * share);
        output.write(`${line}\n`);
      }
    },
    clear: () => {
      if (output.isTTY) output.write('\r\x1b[K');
    },
  };
}

function barOf(share: number): string {
  const filled = Math.round(WIDTH * share);
  return '█'.repeat(filled) + '░'.repeat(WIDTH - filled);
}

function timeLeft(ms: number): string {
  if (!Number.isFinite(ms)) return '--:-- left';
  const seconds = Math.ceil(ms / 1000);
  const two = (value: number) => String(value).padStart(2, '0');
  const hours = Math.floor(seconds / 3600);
  const rest = `${two(Math.floor((seconds % 3600) / 60))}:${two(seconds % 60)} left`;
  return hours > 0 ? `${hours}:${rest}` : rest;
}
