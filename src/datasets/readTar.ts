import { refuse, type Where } from '../core/check';

const BLOCK = 512;

/** The plain files of a tar archive by their names, as views of its bytes. */
export function readTar(where: Where, archive: Uint8Array): ReadonlyMap<string, Uint8Array> {
  const files = new Map<string, Uint8Array>();
  for (let at = 0; at + BLOCK <= archive.length; ) {
    const header = archive.subarray(at, at + BLOCK);
    if (header.every((byte) => byte === 0)) return files;
    const size = octal(header, 124, 12);
    at += BLOCK;
    if (octal(header, 148, 8) !== checksum(header) || at + size > archive.length)
      refuse(
        where,
        'INVALID_DATA',
        'a whole tar archive',
        `one that breaks off or is damaged at byte ${at - BLOCK}`,
        'Download it again.',
      );
    const type = header[156];
    if (type === 0 || type === 0x30) files.set(text(header, 0, 100), archive.subarray(at, at + size));
    at += Math.ceil(size / BLOCK) * BLOCK;
  }
  return files;
}

function text(header: Uint8Array, from: number, length: number): string {
  return new TextDecoder().decode(header.subarray(from, from + length)).replace(/\0.*$/s, '');
}

function octal(header: Uint8Array, from: number, length: number): number {
  return Number.parseInt(text(header, from, length).trim() || '0', 8);
}

/** Sum of the header's bytes, its own checksum taken for spaces. */
function checksum(header: Uint8Array): number {
  return header.reduce((sum, byte, i) => sum + (i >= 148 && i < 156 ? 32 : byte), 0);
}
