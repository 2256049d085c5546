/** The shortest ends of the paths that tell the models apart, without what all models are called. */
export function namesOf(files: readonly string[]): string[] {
  const parts = files.map((file) =>
    file
      .replace(/\/+$/, '')
      .replace(/\/model\.json$/, '')
      .split('/'),
  );
  for (let length = 1; length <= Math.max(...parts.map((words) => words.length)); length++) {
    const names = parts.map((words) => words.slice(-length).join('/'));
    if (new Set(names).size === names.length) return names;
  }
  return [...files];
}
