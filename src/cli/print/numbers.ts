/** A share as a percentage with one decimal at most. */
export function percent(share: number): string {
  return `${Number((100 * share).toFixed(1))} %`;
}
