/**
 * Lets everything that waits in the event loop run: timers, input, an abort. Awaiting a tensor's data is not enough, the
 * CPU backends answer without leaving the current task.
 */
export function nextTask(): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, 0);
  });
}
