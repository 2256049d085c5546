/** What every check finds. */
export interface CheckResult {
  /** Whether what was asked for holds. */
  readonly holds: boolean;
  /**
   * The numbers in words, for a report of tests: it says what is wrong where the check does not hold and, where it does, what
   * is wrong for someone who expected the opposite.
   */
  readonly message: string;
}

/** Thrown by the assertions of this library; test runners report it as a failure, with its message. */
export class AssertionError<R extends CheckResult = CheckResult> extends Error {
  /** Always 'AssertionError', by which test runners know a failure from a fault. */
  override readonly name = 'AssertionError';
  /** Everything the check found. */
  readonly result: R;

  /** Takes its message from the result. */
  constructor(result: R) {
    super(result.message);
    this.result = result;
  }
}

/** Returns the result of a check that holds, and throws that of one that does not. */
export function demand<R extends CheckResult>(result: R): R {
  if (!result.holds) throw new AssertionError(result);
  return result;
}

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
