import { refuse, show, type Where } from '../core/check';

/** Reads little-endian pieces from the front of some bytes and refuses to read past their end. */
export interface ByteReader {
  /** Bytes not read yet. */
  readonly left: () => number;
  /** The next `count` bytes, a view. */
  readonly take: (count: number) => Uint8Array;
  readonly uint32: () => number;
  /** A whole number in groups of seven bits, the lowest first; refused from 2^53 on and where it is padded with zeros. */
  readonly varint: () => number;
}

export function byteReader(where: Where, bytes: Uint8Array): ByteReader {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let at = 0;
  const advance = (count: number) => {
    if (count > bytes.length - at)
      refuse(
        where,
        'INVALID_DATA',
        `at least ${count} bytes more, as what was read so far says`,
        `${bytes.length - at}`,
        'The file was cut or changed; fetch it again.',
      );
    at += count;
    return at - count;
  };
  return {
    left: () => bytes.length - at,
    take: (count) => {
      const from = advance(count);
      return bytes.subarray(from, from + count);
    },
    uint32: () => view.getUint32(advance(4), true),
    varint: () => {
      let value = 0;
      for (let scale = 1; ; scale *= 128) {
        const byte = view.getUint8(advance(1));
        value += (byte & 127) * scale;
        if (value > Number.MAX_SAFE_INTEGER || (byte === 0 && scale > 1))
          refuse(
            where,
            'INVALID_DATA',
            'whole numbers below 2^53 in their shortest form',
            'another one',
            'The file was changed; fetch it again.',
          );
        if (byte < 128) return value;
      }
    },
  };
}

/** The bytes of a file, as a Uint8Array. */
export function checkBytes(where: Where, bytes: unknown): asserts bytes is Uint8Array {
  if (!(bytes instanceof Uint8Array))
    refuse(where, 'INVALID_ARGUMENT', 'a Uint8Array', show(bytes), 'Wrap an ArrayBuffer: new Uint8Array(buffer).');
}
