import type { NumberData } from './numericArray';

/**
 * Row-major numbers with their axes in another order: axis i of the result is axis `order[i]` of the input. The result is
 * a copy.
 */
export function permuteAxes<T extends NumberData>(numbers: T, shape: readonly number[], order: readonly number[]): T {
  const result = numbers.slice() as T;
  // An empty array may have huge axes beside one of size 0.
  if (numbers.length === 0 || order.length === 0) return result;
  const stride = (axis: number) => shape.slice(axis + 1).reduce((product, size) => product * size, 1);
  const sizes = order.map((axis) => shape[axis]!);
  const steps = order.map(stride);
  let at = 0;
  const walk = (axis: number, from: number): void => {
    const size = sizes[axis]!;
    const step = steps[axis]!;
    if (axis < sizes.length - 1) for (let i = 0; i < size; i++) walk(axis + 1, from + i * step);
    else for (let i = 0; i < size; i++) result[at++] = numbers[from + i * step]!;
  };
  walk(0, 0);
  return result;
}
