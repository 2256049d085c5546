import { crc32, deflateRawSync } from 'node:zlib';

/** A file for {@link writeZip}; whatever is not said is right. */
export interface ZipEntry {
  readonly name: string;
  readonly content: Uint8Array;
  /** Leaves it unpacked. */
  readonly stored?: boolean;
  /** A size that is claimed instead of the true one. */
  readonly claims?: number;
  /** Unix mode, such as that of a symbolic link. */
  readonly mode?: number;
  readonly encrypted?: boolean;
}

/** A zip archive, byte by byte as in APPNOTE.TXT. */
export function writeZip(entries: readonly ZipEntry[]): Uint8Array<ArrayBuffer> {
  const files: Buffer[] = [];
  const directory: Buffer[] = [];
  let at = 0;
  for (const {
    name,
    content,
    stored = false,
    claims = content.length,
    mode = 0o100644,
    encrypted = false,
  } of entries) {
    const packed = stored ? Buffer.from(content) : deflateRawSync(content);
    const label = Buffer.from(name);
    const common = Buffer.alloc(26);
    common.writeUInt16LE(20, 0);
    common.writeUInt16LE(encrypted ? 1 : 0, 2);
    common.writeUInt16LE(stored ? 0 : 8, 4);
    common.writeUInt32LE(crcOf(content), 10);
    common.writeUInt32LE(packed.length, 14);
    common.writeUInt32LE(claims, 18);
    common.writeUInt16LE(label.length, 22);
    const file = Buffer.concat([Buffer.from('PK\x03\x04'), common, label, packed]);
    const rest = Buffer.alloc(14);
    rest.writeUInt32LE(mode * 65536, 6);
    rest.writeUInt32LE(at, 10);
    directory.push(Buffer.concat([Buffer.from('PK\x01\x02'), Buffer.from([20, 3]), common, rest, label]));
    files.push(file);
    at += file.length;
  }
  const list = Buffer.concat(directory);
  const end = Buffer.alloc(18);
  end.writeUInt16LE(entries.length, 4);
  end.writeUInt16LE(entries.length, 6);
  end.writeUInt32LE(list.length, 8);
  end.writeUInt32LE(at, 12);
  return new Uint8Array(Buffer.concat([...files, list, Buffer.from('PK\x05\x06'), end]));
}

/** `zlib.crc32` is not in Node 20.16. */
function crcOf(bytes: Uint8Array): number {
  if (typeof crc32 === 'function') return crc32(bytes);
  let crc = 0xffffffff;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = (crc >>> 1) ^ (crc & 1 ? 0xedb88320 : 0);
  }
  return (crc ^ 0xffffffff) >>> 0;
}
