import type { JudgedImage } from './types';

/** The message of a check: what was expected, the opposite of it where it holds, and the facts line by line. */
export function wording(holds: boolean, subject: string, claim: string, facts: readonly string[]): string {
  return [`expected ${subject} ${holds ? 'not ' : ''}to ${claim}`, ...facts.map((fact) => `  ${fact}`)].join('\n');
}

/** A number in six digits, which tell a value from a bound that it barely misses. */
export function digits(value: number): string {
  return String(Number(value.toPrecision(6)));
}

/** `1 image`, `2 images`. */
export function counted(count: number, thing: string): string {
  return `${count} ${thing}${count === 1 ? '' : 's'}`;
}

/** An image with its number, confidence and class. */
export function imageInWords({ index, confidence, predicted }: JudgedImage): string {
  return `image ${index}, with confidence ${digits(confidence)} for class ${predicted}`;
}
