import { writeFile } from 'node:fs/promises';
import { isPair } from '../../core/bounds';
import { text } from '../args/read';
import { CliError } from '../cliError';
import { type Arguments, EXIT, type ExitCode } from '../command';
import { catchInterrupts } from '../interrupts';
import type { Io } from '../io';
import { type LoadedModel, loadModel, modelSettings } from '../load/loadModel';
import { startBackend } from '../load/startBackend';
import type { Keeper } from '../measure/keeper';
import { recordOf } from '../measure/measure';
import { deliveryOf } from '../result/deliver';
import { type Compared, comparedOf, comparisonOf } from './comparison';
import { comparisonHtml, printComparison } from './present';

/** Audits several models with the same draws and says how they differ. */
export async function compare(io: Io, { files, values }: Arguments): Promise<ExitCode> {
  if (files.length < 2)
    throw new CliError(
      `A comparison takes two models or more, not ${files.length}.`,
      'Pass the model.json, the folder or the .zip of each.',
    );
  const { json, html } = await deliveryOf(values);
  const signal = catchInterrupts();
  await startBackend(values);
  await checkAlike(files, values);
  const models: Compared[] = [];
  const keepers: Keeper[] = [];
  for (const [i, name] of namesOf(files).entries()) {
    const { record, keeper } = await recordOf(io, { files: [files[i]!], values }, 'audit', { signal, name });
    // The next model may be interrupted, and then this one need not be measured again.
    await keeper.keep(record.measured, 'stop');
    keepers.push(keeper);
    models.push(comparedOf(name, record));
  }
  const comparison = comparisonOf(models);
  const serialised = `${JSON.stringify(comparison, undefined, 2)}\n`;
  if (json === '-') io.stdout.write(serialised);
  else printComparison(io, models, comparison);
  if (json !== undefined && json !== '-') await writeFile(json, serialised);
  if (html !== undefined) await writeFile(html, await comparisonHtml(models, comparison));
  for (const keeper of keepers) await keeper.finish();
  return models.some(({ result }) => result.unmeasured.length > 0) ? EXIT.failed : EXIT.fine;
}

/** Refuses models that are not for the same task, before anything is measured. */
async function checkAlike(files: readonly string[], values: Arguments['values']): Promise<void> {
  const seen: { readonly file: string; readonly facts: ReturnType<typeof factsOf> }[] = [];
  for (const file of files) {
    const model = await loadModel(file, modelSettings(values));
    const facts = factsOf(model);
    model.dispose();
    const [first] = seen;
    const twin = seen.find((other) => other.facts.sha256 === facts.sha256);
    if (twin !== undefined)
      throw new CliError(`${file} is the same model as ${twin.file}.`, 'Pass models that differ.');
    for (const key of ['inputs', 'classes', 'kind'] as const)
      if (first !== undefined && first.facts[key] !== facts[key])
        throw new CliError(
          `${file} and ${first.file} cannot be compared: ${facts[key]} against ${first.facts[key]}.`,
          key === 'kind' ? 'Say which they are with --image yes or no.' : 'Compare models of the same task.',
        );
    if (first !== undefined && first.facts.width !== facts.width && text(values, 'epsilon') !== undefined)
      throw new CliError(
        `--epsilon is in input units, and those of ${file} and ${first.file} are not the same: their bounds are ${facts.width} and ${first.facts.width} wide.`,
        'Leave it out: each is then attacked within 0.3 of the width of its bounds.',
      );
    seen.push({ file, facts });
  }
}

function factsOf({ file: { sha256 }, classifier: { inputShape, classes, bounds, image = true } }: LoadedModel) {
  return {
    sha256,
    inputs: `inputs of ${inputShape.join('x')}`,
    classes: `${classes} classes`,
    kind: image ? 'inputs that are images' : 'inputs that are no images',
    width: isPair(bounds) ? bounds[1] - bounds[0] : 1,
  };
}

/** The shortest ends of the paths that tell the models apart, without what all models are called. */
export function namesOf(files: readonly string[]): string[] {
  const parts = files.map((file) =>
    file
      .replace(/\/+$/, '')
      .replace(/\/model\.json$/, '')
      .split('/'),
  );
  for (let length = 1; length <= Math.max(...parts.map((words) => words.length)); length++) {
    const names = parts.map((words) => words.slice(-length).join('/'));
    if (new Set(names).size === names.length) return names;
  }
  return [...files];
}
