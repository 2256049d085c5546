/** Something an example promises of its numbers. */
export interface Claim {
  readonly text: string;
  readonly value: number;
  readonly holds: boolean;
}

/** Prints each promise with the number behind it; a broken one fails the program. */
export function checkClaims(claims: readonly Claim[]): void {
  for (const { text, value, holds } of claims)
    console.log(`${holds ? '  holds ' : '  BROKEN'}  ${text}: ${value.toFixed(3)}`);
  if (!claims.every(({ holds }) => holds)) process.exitCode = 1;
}
