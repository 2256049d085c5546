import type { OodReport, UsedAttack } from '../../evaluation/oodReport';
import type { Markup } from './markup';
import { plainTable } from './tables';

/** How the reports were measured, one column each. */
export function settingsTable(reports: Readonly<Record<string, OodReport>>): Markup {
  const all = Object.values(reports);
  const row = (name: string, value: (report: OodReport) => string | number) => [name, ...all.map(value)];
  return plainTable('Settings of the evaluation', {
    columns: ['Setting', ...Object.keys(reports)],
    rows: [
      row('Classes', ({ classes }) => classes),
      row('Seed', ({ settings }) => settings.seed),
      row('Images per row of noise', ({ settings }) => settings.noiseSamples),
      row('Images attacked at a time', ({ settings }) => settings.attackBatchSize),
      row('Adversarial noise', ({ settings }) => attackText(settings.adversarialNoise)),
      row('Adversarial samples', ({ settings }) => attackText(settings.adversarialSamples)),
    ],
  });
}

function attackText(used: UsedAttack | null): string {
  if (used === null) return 'none';
  const { attack, epsilon, stepSize, steps, restarts, samples } = used;
  const starts = restarts === 1 ? '' : ` from each of ${restarts} starts`;
  return `${attack}, epsilon ${epsilon}, ${steps} steps of ${stepSize}${starts}, ${samples} images`;
}
