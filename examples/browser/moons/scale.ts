import { openSheet, paintShares } from '../canvas';
import { find } from '../ui';

const STEPS = 128;

/** Draws the bar of colours under the maps. */
export function drawScale(): void {
  const sheet = openSheet(find('#scale', HTMLCanvasElement));
  if (sheet === undefined) return;
  const shares = Array.from({ length: STEPS }, (_, i) => (i + 0.5) / STEPS);
  sheet.context.drawImage(paintShares(shares, STEPS), 0, 0, sheet.width, sheet.height);
}
