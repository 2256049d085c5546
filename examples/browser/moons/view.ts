/** A square part of the plane. */
export interface View {
  readonly x: readonly [number, number];
  readonly y: readonly [number, number];
}

const WIDEST = 10;

/** From [0, 1]^2 at 0 to [-10, 10]^2 at 1, growing by the same factor all the way. */
export function viewAt(zoom: number): View {
  const half = 0.5 * (2 * WIDEST) ** zoom;
  const centre = 0.5 * (1 - zoom);
  const range = [centre - half, centre + half] as const;
  return { x: range, y: range };
}

/** The largest part that is ever shown. */
export const WHOLE = viewAt(1);

/** Round numbers inside a range, about five of them. */
export function ticksOf([low, high]: readonly [number, number]): number[] {
  const raw = (high - low) / 5;
  const power = 10 ** Math.floor(Math.log10(raw));
  const step = [1, 2, 5, 10].find((factor) => factor * power >= raw * 0.999)! * power;
  const first = Math.ceil(low / step - 1e-9);
  const count = Math.floor((high - first * step) / step + 1e-9) + 1;
  return Array.from({ length: count }, (_, i) => Number(((first + i) * step).toPrecision(6)));
}

/** A number of an axis, with a true minus sign. */
export function tickWords(value: number): string {
  return String(value).replace('-', '−');
}
