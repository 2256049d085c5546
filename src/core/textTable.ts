/** Rows as lines of equal columns for a font of fixed width: the first column to the left, all others to the right. */
export function alignColumns(rows: readonly (readonly string[])[], gap = '  '): string[] {
  const widths = (rows[0] ?? []).map((_, c) => Math.max(...rows.map((row) => row[c]!.length)));
  return rows.map((row) =>
    row
      .map((cell, c) => (c === 0 ? cell.padEnd(widths[c]!) : cell.padStart(widths[c]!)))
      .join(gap)
      .trimEnd(),
  );
}

/** The same with a line below the head. */
export function textTable(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const [first, ...others] = alignColumns([head, ...rows]);
  const rule = head.map((name, c) => '-'.repeat(Math.max(name.length, ...rows.map((row) => row[c]!.length))));
  return [first, rule.join('  '), ...others].join('\n');
}
