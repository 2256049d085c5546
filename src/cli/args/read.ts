import { CliError } from '../cliError';
import type { Values } from './options';

/** The text of an option, if it was given. */
export function text(values: Values, name: string): string | undefined {
  const value = values[name];
  return typeof value === 'string' ? value : undefined;
}

/** The text of an option that must be given. */
export function needed(values: Values, name: string, example: string): string {
  const value = text(values, name);
  if (value === undefined) throw new CliError(`--${name} is missing.`, `Add for example --${name} ${example}.`);
  return value;
}

/** All texts of an option that may come several times. */
export function texts(values: Values, name: string): string[] {
  const value = values[name];
  return Array.isArray(value) ? value.filter((word) => typeof word === 'string') : [];
}

/** A number of an interval, or `fallback` where the option was not given. */
export function number<F>(values: Values, name: string, fallback: F, min: number, max = Infinity): number | F {
  const written = text(values, name);
  if (written === undefined) return fallback;
  const value = written.trim() === '' ? Number.NaN : Number(written);
  if (!(Number.isFinite(value) && value >= min && value <= max)) {
    const wanted = max === Infinity ? `a number of ${min} or more` : `a number from ${min} to ${max}`;
    throw new CliError(`--${name} takes ${wanted}, not ${JSON.stringify(written)}.`, 'Correct it, or leave it out.');
  }
  return value;
}

/** A whole number of at least `min`, or `fallback`. */
export function whole<F>(values: Values, name: string, fallback: F, min = 1): number | F {
  const value = number(values, name, fallback, min);
  if (text(values, name) !== undefined && !Number.isInteger(value))
    throw new CliError(`--${name} takes a whole number, not ${value}.`, 'Round it.');
  return value;
}

/** One of a few words, or `fallback`. */
export function oneOf<T extends string, F>(values: Values, name: string, allowed: readonly T[], fallback: F): T | F {
  const written = text(values, name);
  if (written === undefined) return fallback;
  const found = allowed.find((word) => word === written);
  if (found === undefined)
    throw new CliError(`--${name} takes ${allowed.join(', ')}, not ${JSON.stringify(written)}.`, 'Check the spelling.');
  return found;
}

/** Two numbers `low,high`, or `fallback`. */
export function pair<F>(values: Values, name: string, fallback: F): readonly [number, number] | F {
  const written = text(values, name);
  if (written === undefined) return fallback;
  const [low = Number.NaN, high = Number.NaN, ...more] = written.split(',').map(Number);
  if (!(Number.isFinite(low) && Number.isFinite(high) && low < high) || more.length > 0)
    throw new CliError(
      `--${name} takes two numbers LOW,HIGH with LOW < HIGH, not ${JSON.stringify(written)}.`,
      `Write for example --${name} -1,1.`,
    );
  return [low, high];
}

/** The seed of all random numbers: a number where it reads as one, otherwise the word itself. */
export function seedOf(values: Values): string | number {
  const written = text(values, 'seed') ?? '0';
  return /^-?\d{1,15}$/.test(written) ? Number(written) : written;
}

const UNITS = { '': 1, KB: 2 ** 10, MB: 2 ** 20, GB: 2 ** 30 } as const;

/** A number of bytes, written with or without a unit. */
export function bytes(values: Values, name: string): number | undefined {
  const written = text(values, name);
  if (written === undefined) return undefined;
  const [, count, unit = ''] = /^(\d+(?:\.\d+)?) ?([KMG]B)?$/i.exec(written) ?? [];
  const size = Number(count) * UNITS[unit.toUpperCase() as keyof typeof UNITS];
  if (!(size > 0))
    throw new CliError(`--${name} takes a size, not ${JSON.stringify(written)}.`, `Write for example --${name} 1GB.`);
  return size;
}

/** The model that a command takes, and nothing besides. */
export function onlyModel(files: readonly string[]): string {
  const [first, ...more] = files;
  if (first === undefined)
    throw new CliError('The model is missing.', 'Pass the path of a model.json, of its folder or of a .zip.');
  if (more.length > 0)
    throw new CliError(`One model at a time, not ${files.length}: ${files.join(', ')}.`, 'Options begin with --.');
  return first;
}
