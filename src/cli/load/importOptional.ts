import { CliError, messageOf } from '../cliError';

/**
 * Loads a package that need not be installed, or says how to install it.
 *
 * @param reason - What it is needed for, for example "it reads GraphModels".
 * @param install - All packages that are to be installed for it.
 */
export async function importOptional<T>(
  name: string,
  load: () => Promise<T>,
  reason: string,
  install = name,
): Promise<T> {
  try {
    return await load();
  } catch (error) {
    const missing = messageOf(error).includes(`'${name}'`);
    const what = missing ? 'is not installed' : `cannot be loaded (${messageOf(error).split('\n')[0]})`;
    throw new CliError(`The package ${name} ${what}; ${reason}.`, `Run: npm install ${install}`, error);
  }
}
