import { OverconfidenceError } from './errors';

/** An optional package: its name, what it is needed for as a clause, and what is to be installed for it besides. */
export interface OptionalPackage {
  readonly name: string;
  /** For example `it reads PNG files`. */
  readonly reason: string;
  /** All packages that are to be installed. @defaultValue its name */
  readonly install?: string;
}

/** Loads a package that need not be installed, or refuses and says how to install it; `fn` names who asks. */
export async function importOptional<T>(fn: string, wanted: OptionalPackage, load: () => Promise<T>): Promise<T> {
  try {
    return await load();
  } catch (cause) {
    return refuseMissing(fn, wanted, cause);
  }
}

/** The refusal alone, for code that bundlers must see to import a package inside a `try`: then they let it be missing. */
export function refuseMissing(fn: string, { name, reason, install = name }: OptionalPackage, cause: unknown): never {
  const message = cause instanceof Error ? cause.message : String(cause);
  throw new OverconfidenceError({
    code: 'MISSING_DEPENDENCY',
    fn,
    argument: name,
    expected: `installed: ${reason}`,
    got: message.includes(`'${name}'`)
      ? `nothing: ${name} is not installed`
      : `an import that failed (${message.split('\n')[0]})`,
    fix: `Run: npm install ${install}`,
    cause,
  });
}
