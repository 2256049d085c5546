import { refuse, show, type Where } from '../core/check';

/** The bytes of a file, as a Uint8Array. */
export function checkBytes(where: Where, bytes: unknown): asserts bytes is Uint8Array {
  if (!(bytes instanceof Uint8Array))
    refuse(where, 'INVALID_ARGUMENT', 'a Uint8Array', show(bytes), 'Wrap an ArrayBuffer: new Uint8Array(buffer).');
}
