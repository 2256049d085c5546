import type { Method } from 'relu-overconfidence';
import { onLookChange } from '../canvas';
import { createLoop } from '../loop';
import type { Queue } from '../queue';
import type { Tab } from '../tab';
import { find, useSlider } from '../ui';
import { createMoonMap, type MapLook } from './moonMap';
import { createRayPanel } from './rayPanel';
import { drawScale } from './scale';
import { tickWords, viewAt } from './view';

const NAMES = { plain: 'plain', ceda: 'CEDA', acet: 'ACET' } as const satisfies Record<Method, string>;

/** Milliseconds of training between two pictures of the browser. */
const SLICE = 20;
/** Milliseconds for which a map may stay as it is while things move. */
const REDRAW_EVERY = 250;
/** Milliseconds after a movement until the maps are drawn finely. */
const SETTLES_IN = 300;
/** Milliseconds of the way from near to far. */
const FLIGHT = 900;
/** The training pauses after so many steps. */
const ENOUGH = 1000;

/** Makes the first tab: three networks that learn the two moons before the visitor's eyes. */
export function createMoonsTab(queue: Queue, onFailure: (error: unknown) => void): Tab {
  const trainButton = find('#train', HTMLButtonElement);
  const stepsText = find('#steps', HTMLElement);
  const news = find('#news', HTMLElement);
  const edges = find('#edges', HTMLInputElement);
  const points = find('#points', HTMLInputElement);
  let [started, training, step, turn, movedAt] = [false, false, 0, 0, Number.NEGATIVE_INFINITY];

  const lambda = useSlider('lambda', (value) => value.toFixed(2));
  const epsilon = useSlider('epsilon', (value) => value.toFixed(3));
  const attackSteps = useSlider('attack-steps', String);
  const zoom = useSlider('zoom', viewWords, changeLook);
  const angle = useSlider('angle', (degrees) => `${degrees}°`, turnRay);
  let look = readLook();
  const maps = (Object.keys(NAMES) as Method[]).map((method) => createMoonMap(method, aim, () => look));
  const rays = createRayPanel(maps.map((map, i) => [Object.values(NAMES)[i]!, map]));
  const loop = createLoop(() => queue(slice), onFailure);

  /** A little training, and the map that waits longest brought up to date. */
  async function slice(): Promise<boolean> {
    if (!started) return false;
    if (training) trainFor(SLICE);
    const now = performance.now();
    const hasty = training || now - movedAt < SETTLES_IN;
    const waiting = maps.filter(
      (map) => map.isStale(look, hasty) && (!training || now - map.refreshedAt > REDRAW_EVERY),
    );
    const longest = waiting.sort((a, b) => a.refreshedAt - b.refreshedAt)[0];
    if (longest !== undefined) {
      await longest.refresh(look, hasty);
      rays.read(angle.value);
    }
    return training || maps.some((map) => map.isStale(look, false));
  }

  function trainFor(milliseconds: number): void {
    const end = performance.now() + milliseconds;
    const settings = { lambda: lambda.value, epsilon: epsilon.value, steps: attackSteps.value };
    do {
      maps[turn]!.train(step, settings);
      turn = (turn + 1) % maps.length;
      if (turn === 0) step++;
      if (turn === 0 && step % ENOUGH === 0) setTraining(false);
    } while (training && performance.now() < end);
    writeSteps();
  }

  function setTraining(on: boolean): void {
    if (on === training) return;
    training = on;
    trainButton.textContent = on ? 'Pause' : 'Train';
    trainButton.setAttribute('aria-pressed', String(on));
    news.textContent = on ? 'Training' : `Paused after ${step} steps`;
    loop.wake();
  }

  function writeSteps(): void {
    stepsText.textContent = step === 0 ? 'Not trained yet' : `${step.toLocaleString('en')} steps`;
  }

  function restart(): void {
    for (const map of maps) map.restart();
    [step, turn] = [0, 0];
    writeSteps();
    loop.wake();
  }

  function readLook(): MapLook {
    return {
      view: viewAt(zoom.value),
      withEdges: edges.checked,
      withPoints: points.checked,
      angle: (angle.value * Math.PI) / 180,
    };
  }

  function draw(): void {
    drawScale();
    for (const map of maps) map.draw(look);
    rays.draw();
  }

  function changeLook(): void {
    const before = look;
    look = readLook();
    // The same view is the same object, so that a map knows that its picture is still good.
    if (before.view.x[1] === look.view.x[1]) look = { ...look, view: before.view };
    else movedAt = performance.now();
    draw();
    loop.wake();
  }

  function turnRay(): void {
    changeLook();
    rays.read(angle.value);
  }

  function aim(radians: number): void {
    angle.set((Math.round((radians * 180) / Math.PI) + 360) % 360);
    turnRay();
  }

  function flyTo(target: number): void {
    const from = zoom.value;
    const begun = performance.now();
    const still = window.matchMedia('(prefers-reduced-motion: reduce)').matches;
    const move = () => {
      const share = still ? 1 : Math.min(1, (performance.now() - begun) / FLIGHT);
      zoom.set(from + (target - from) * share * share * (3 - 2 * share));
      changeLook();
      if (share < 1) requestAnimationFrame(move);
    };
    move();
  }

  trainButton.addEventListener('click', () => setTraining(!training));
  find('#restart', HTMLButtonElement).addEventListener(
    'click',
    () => void queue(async () => restart()).catch(onFailure),
  );
  find('#near', HTMLButtonElement).addEventListener('click', () => flyTo(0));
  find('#far', HTMLButtonElement).addEventListener('click', () => flyTo(1));
  for (const box of [edges, points]) box.addEventListener('change', changeLook);
  onLookChange(draw);

  return {
    async start() {
      started = true;
      restart();
    },
    stop() {
      started = false;
      setTraining(false);
      for (const map of maps) map.stop();
    },
    show(visible) {
      if (visible) draw();
      else setTraining(false);
    },
  };
}

function viewWords(zoom: number): string {
  const { x } = viewAt(zoom);
  const [low, high] = x.map((end) => tickWords(Number(end.toFixed(zoom < 0.5 ? 2 : 1))));
  return `[${low}, ${high}]²`;
}
