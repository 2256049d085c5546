/** Runs tasks one after the other, so that no two of them use the backend of tfjs at once. */
export type Queue = <T>(task: () => Promise<T>) => Promise<T>;

/** An empty queue. */
export function createQueue(): Queue {
  let last: Promise<unknown> = Promise.resolve();
  return (task) => {
    const result = last.then(task);
    last = result.catch(() => undefined);
    return result;
  };
}
