/** Pictures in rows, put into one SVG file. All must be as wide and as high as the first. */
export function sideBySide(rows: readonly (readonly string[])[], title: string): string {
  const [width, height] = ['width', 'height'].map((name) => sizeOf(rows[0]![0]!, name)) as [number, number];
  const [right, bottom] = [width * Math.max(...rows.map((row) => row.length)), height * rows.length];
  const placed = rows.flatMap((row, r) =>
    row.map((svg, c) => svg.replace('<svg ', `<svg x="${c * width}" y="${r * height}" `)),
  );
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${right} ${bottom}" width="${right}" height="${bottom}">`,
    `<title>${title}</title>`,
    ...placed,
    '</svg>',
  ].join('\n');
}

function sizeOf(svg: string, name: string): number {
  const found = new RegExp(`^<svg [^>]*\\b${name}="([\\d.]+)"`).exec(svg);
  if (found === null) throw new Error(`The picture has no ${name}.`);
  return Number(found[1]);
}
