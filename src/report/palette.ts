/**
 * Okabe and Ito's eight colours, which people with any common colour blindness can tell apart ("Color universal design",
 * 2008), those that stand out least on white last and the yellow darkened for it.
 */
const ON_LIGHT = ['#0072B2', '#D55E00', '#009E73', '#CC79A7', '#000000', '#E69F00', '#56B4E9', '#999933'] as const;
/** The same colours in the order in which they stand out on a dark page. */
const ON_DARK = ['#56B4E9', '#E69F00', '#009E73', '#CC79A7', '#FFFFFF', '#D55E00', '#0072B2', '#F0E442'] as const;
const DASHES = ['none', '7 3', '2 3', '9 3 2 3'] as const;

/** How the lines of one series look: neighbours differ in colour and in dashes, so one of the two is enough. */
export interface SeriesStyle {
  readonly colour: string;
  readonly dash: string;
}

/** The look of series number `index`; 32 series go by before one comes back. */
export function seriesStyle(index: number): SeriesStyle {
  const round = Math.floor(index / ON_LIGHT.length);
  return {
    colour: ON_LIGHT[index % ON_LIGHT.length]!,
    dash: DASHES[(index + round) % DASHES.length]!,
  };
}

/** What the colour of a series becomes on a dark page; undefined for any other colour. */
export function darkStyle(colour: string): string | undefined {
  return ON_DARK[(ON_LIGHT as readonly string[]).indexOf(colour)];
}

/** The colour of a class for large areas: its series colour mixed with white. */
export function paleStyle(index: number): string {
  const { colour } = seriesStyle(index);
  const mixed = [1, 3, 5].map((at) => Math.round(0.5 * Number.parseInt(colour.slice(at, at + 2), 16) + 127));
  return `#${mixed.map((part) => part.toString(16).padStart(2, '0')).join('')}`;
}

/** Fill and outline of the points of a class, readable on every colour of {@link viridis}. */
export function classStyle(index: number): { readonly fill: string; readonly outline: string } {
  const fills = ['#FFFFFF', '#D55E00', '#000000', '#56B4E9', '#CC79A7', '#E69F00', '#0072B2', '#F0E442'] as const;
  const fill = fills[index % fills.length]!;
  return { fill, outline: fill === '#000000' ? '#FFFFFF' : '#000000' };
}

/** Colours of matplotlib's viridis (Smith and van der Walt 2015, public domain) at 0, 1/16, ..., 1. */
const VIRIDIS = [
  [68, 1, 84],
  [72, 24, 106],
  [71, 45, 123],
  [66, 64, 134],
  [59, 82, 139],
  [51, 99, 141],
  [44, 114, 142],
  [38, 130, 142],
  [33, 145, 140],
  [31, 160, 136],
  [40, 174, 128],
  [63, 188, 115],
  [94, 201, 98],
  [132, 212, 75],
  [173, 220, 48],
  [216, 226, 25],
  [253, 231, 37],
] as const;

/** Red, green and blue (0 to 255) of a share in [0, 1]: dark blue at 0, yellow at 1, equally large steps to the eye. */
export function viridis(share: number): readonly [number, number, number] {
  const at = Math.min(1, Math.max(0, share)) * (VIRIDIS.length - 1);
  const below = Math.min(Math.floor(at), VIRIDIS.length - 2);
  const mix = (c: 0 | 1 | 2) => {
    const [from, to] = [VIRIDIS[below]![c], VIRIDIS[below + 1]![c]];
    return Math.round(from + (at - below) * (to - from));
  };
  return [mix(0), mix(1), mix(2)];
}
