import type { Progress } from 'relu-overconfidence';

const WIDTH = 28;

/**
 * Draws progress as a bar with the time left. On a terminal the line is redrawn in place; elsewhere (a log file) a line is
 * written for every tenth of the way.
 */
export function progressBar(title: string): (progress: Progress) => void {
  const { isTTY } = process.stderr;
  let lastTenth = -1;
  return ({ label, done, total, remainingMs }) => {
    const share = done / total;
    const tenth = Math.floor(10 * share);
    const finished = done === total;
    if (!isTTY && tenth === lastTenth) return;
    lastTenth = tenth;
    const filled = Math.round(WIDTH * share);
    const bar = '█'.repeat(filled) + '░'.repeat(WIDTH - filled);
    const line = `${title.padEnd(24)} ${bar} ${String(Math.round(100 * share)).padStart(3)} %  ${timeLeft(remainingMs)}  ${label}`;
    process.stderr.write(
      isTTY ? `\r\x1b[K${line.slice(0, process.stderr.columns ?? 100)}${finished ? '\n' : ''}` : `${line}\n`,
    );
  };
}

function timeLeft(ms: number): string {
  if (!Number.isFinite(ms)) return '--:-- left';
  const seconds = Math.ceil(ms / 1000);
  return `${String(Math.floor(seconds / 60)).padStart(2, '0')}:${String(seconds % 60).padStart(2, '0')} left`;
}
