import { element, find, percent } from '../ui';
import { drawRay } from './drawRay';
import type { MoonMap } from './moonMap';
import { type RayReading, readRay } from './ray';

/** The part of the page that follows the networks along a ray. */
export interface RayPanel {
  /** Follows the networks in a direction, in degrees. */
  read(degrees: number): void;
  /** Draws what was read last. */
  draw(): void;
}

const DISTANCES = [1, 10] as const;

/** Takes the panel into use for named networks. */
export function createRayPanel(maps: readonly (readonly [string, MoonMap])[]): RayPanel {
  const panel = find('#ray', HTMLElement);
  const rows = find('tbody', HTMLTableSectionElement, panel);
  const canvas = find('canvas', HTMLCanvasElement, panel);
  let curves: { name: string; reading: RayReading }[] = [];
  return {
    read(degrees) {
      const angle = (degrees * Math.PI) / 180;
      curves = maps.flatMap(([name, { net }]) => (net === undefined ? [] : [{ name, reading: readRay(net, angle) }]));
      rows.replaceChildren(...curves.map(({ name, reading }) => row(name, reading)));
      const limits = curves.map(({ name, reading }) => `${name} ${percent(reading.limit)}`).join(', ');
      canvas.setAttribute('aria-label', `Confidence over the distance at ${degrees} degrees. Limits: ${limits}.`);
      this.draw();
    },
    draw: () => drawRay(canvas, curves),
  };
}

function row(name: string, { at, limit, lastKink }: RayReading): HTMLTableRowElement {
  const made = element('tr');
  const heading = element('th', name);
  heading.scope = 'row';
  const numbers = [...DISTANCES.map((distance) => percent(at(distance))), percent(limit), lastKink.toFixed(1)];
  made.append(heading, ...numbers.map((text) => element('td', text)));
  return made;
}
