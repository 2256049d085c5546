import type { Method } from 'relu-overconfidence';
import { inputPlane, type PiecewiseAffine, sliceRegions } from 'relu-overconfidence/regions';
import { element, find, percent } from '../ui';
import { drawMap, edgesOf, type MapContent, pointUnder } from './drawMap';
import { type Measurement, measure } from './measure';
import { createTrainee, disposeTrainee, readNetwork, type Settings, type Trainee, trainOnce } from './trainee';
import { WHOLE } from './view';

/** What all maps have in common. */
export interface MapLook extends Pick<MapContent, 'view' | 'withPoints' | 'angle'> {
  readonly withEdges: boolean;
}

/** One network, its map and the numbers beneath. */
export interface MoonMap {
  /** The network as it was when it was read last. */
  readonly net: PiecewiseAffine | undefined;
  /** When the map was brought up to date last, in milliseconds. */
  readonly refreshedAt: number;
  /** Begins again with the first weights. */
  restart(): void;
  /** Frees the network. */
  stop(): void;
  /** One step of the training. */
  train(step: number, settings: Settings): void;
  /** Whether the map shows less than there is to see: `hasty` allows what is good enough while things move. */
  isStale(look: MapLook, hasty: boolean): boolean;
  /** Brings the map up to date. */
  refresh(look: MapLook, hasty: boolean): Promise<void>;
  /** Draws what is known. */
  draw(look: MapLook): void;
}

/** Cells across a map while things move and at rest. */
const CELLS = { hasty: 72, calm: 160 } as const;
/** Milliseconds between two cuts into linear regions while things move. */
const CUT_EVERY = 700;

const NUMBERS = {
  moons: 'Confidence on the moons',
  noise: 'on noise around them',
  far: 'at distance 10',
} as const;

/**
 * Takes a figure of the page into use for a network.
 *
 * @param onAim - Hears the angle of the point that the visitor points at.
 */
export function createMoonMap(method: Method, onAim: (angle: number) => void, lookNow: () => MapLook): MoonMap {
  const figure = find(`#map-${method}`, HTMLElement);
  const canvas = find('canvas', HTMLCanvasElement, figure);
  const numbers = find('dl', HTMLDListElement, figure);
  const name = find('h2', HTMLHeadingElement, figure).textContent;
  let trainee: Trainee | undefined;
  let seen: Measurement | undefined;
  let seenCells = 0;
  let net: PiecewiseAffine | undefined;
  let edges: Path2D | undefined;
  let count = 0;
  let cutAt = Number.NEGATIVE_INFINITY;
  let netIsFresh = false;
  let refreshedAt = Number.NEGATIVE_INFINITY;

  canvas.addEventListener('pointerdown', (event) => {
    canvas.setPointerCapture(event.pointerId);
    aim(event);
  });
  canvas.addEventListener('pointermove', (event) => {
    if (canvas.hasPointerCapture(event.pointerId)) aim(event);
  });
  function aim({ offsetX, offsetY }: PointerEvent): void {
    const { x, y } = pointUnder(canvas, lookNow().view, offsetX, offsetY);
    onAim(Math.atan2(y, x));
  }

  /** The network has changed. */
  function forget(): void {
    seenCells = 0;
    netIsFresh = false;
  }

  function write({ means }: Measurement): void {
    const rows = (Object.keys(NUMBERS) as (keyof typeof NUMBERS)[]).map((place) => [
      NUMBERS[place],
      percent(means[place]),
    ]);
    rows.push(['Linear regions', count.toLocaleString('en')]);
    numbers.replaceChildren(...rows.flatMap(([term, value]) => [element('dt', term), element('dd', value)]));
    const inWords = rows.map((row) => row.join(': ')).join('; ');
    canvas.setAttribute('aria-label', `Confidence of the ${name} network over the plane. ${inWords}.`);
  }

  return {
    get net() {
      return net;
    },
    get refreshedAt() {
      return refreshedAt;
    },
    restart() {
      this.stop();
      trainee = createTrainee(method);
    },
    stop() {
      if (trainee !== undefined) disposeTrainee(trainee);
      trainee = undefined;
      net = undefined;
      forget();
    },
    train(step, settings) {
      trainOnce(trainee!, step, settings);
      forget();
    },
    isStale({ view }, hasty) {
      return seen?.picture.view !== view || seenCells < (hasty ? CELLS.hasty : CELLS.calm);
    },
    async refresh(look, hasty) {
      const begun = performance.now();
      const cells = hasty ? CELLS.hasty : CELLS.calm;
      seen = await measure(trainee!, look.view, cells);
      if (!netIsFresh && (!hasty || net === undefined || begun - cutAt > CUT_EVERY)) {
        net = await readNetwork(trainee!);
        const regions = sliceRegions(net, inputPlane, { box: WHOLE });
        [edges, count] = [edgesOf(regions), regions.length];
        [netIsFresh, cutAt] = [true, begun];
      }
      [seenCells, refreshedAt] = [cells, performance.now()];
      write(seen);
      this.draw(lookNow());
    },
    draw(look) {
      const { withEdges, ...rest } = look;
      drawMap(canvas, {
        ...rest,
        pictures: seen === undefined ? [] : [seen.wide, seen.picture],
        edges: withEdges ? edges : undefined,
      });
    },
  };
}
