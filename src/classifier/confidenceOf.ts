/** The confidence that belongs to the log-odds of the predicted class. */
export function confidenceOf(logOdds: number): number {
  return 1 / (1 + Math.exp(-logOdds));
}
