/** What a row of a report has that was neither attacked nor bounded, for made-up reports. */
export const NO_COLUMNS = {
  aurocInterval: null,
  attackedAuroc: null,
  guaranteedAuroc: null,
  inAttackedAuroc: null,
  inAttackedInterval: null,
  aupr: null,
  attacked: null,
  guaranteed: null,
} as const;

/** The settings of a report without such columns. */
export const PAPER_SETTINGS = {
  protocol: 'paper',
  attackedOut: null,
  attackedIn: null,
  guarantee: null,
  detectors: [],
  near: null,
} as const;
