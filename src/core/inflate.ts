import { refuse, type Where } from './check';
import { OverconfidenceError } from './errors';

/** Whether bytes begin with the gzip magic number. */
export function isGzip(bytes: Uint8Array): boolean {
  return bytes[0] === 0x1f && bytes[1] === 0x8b;
}

/**
 * Inflates bytes and stops as soon as more comes out than the content says it holds, so that a small file cannot
 * fill the memory.
 *
 * @param format - `deflate` is zlib's format and `deflate-raw` that of zip archives, as in the names of the Compression Streams standard.
 * @param claim - Size that the content claims for itself, given its first bytes; `undefined` while these are too few.
 */
export async function inflate(
  where: Where,
  bytes: Uint8Array,
  format: 'gzip' | 'deflate' | 'deflate-raw',
  claim: (start: Uint8Array) => number | undefined,
): Promise<Uint8Array> {
  const reader = new Blob([bytes.slice()]).stream().pipeThrough(new DecompressionStream(format)).getReader();
  const chunks: Uint8Array[] = [];
  let size = 0;
  let limit: number | undefined;
  try {
    for (;;) {
      const { done, value } = await reader.read().catch((cause: unknown) => refuseDamaged(where, cause));
      if (done) return join(chunks, size);
      chunks.push(value);
      size += value.length;
      limit ??= claim(join(chunks, size));
      if (limit !== undefined && size > limit) refuseSurplus(where, limit);
    }
  } finally {
    // Frees the inflater when the content was refused; a stream that has failed says so once more, which is no news.
    reader.cancel().catch(() => undefined);
  }
}

function refuseSurplus(where: Where, limit: number): never {
  refuse(
    where,
    'INVALID_DATA',
    `${limit} bytes once inflated, as its header says`,
    'more',
    'Download the file again, or look for what was appended to it.',
  );
}

function refuseDamaged(where: Where, cause: unknown): never {
  throw new OverconfidenceError({
    code: 'INVALID_DATA',
    fn: where.fn,
    argument: where.argument,
    expected: 'complete, and whole once inflated',
    got: `bytes that cannot be inflated (${cause instanceof Error ? cause.message : String(cause)})`,
    fix: 'Download the file again; its size should match the one of its source.',
    cause,
  });
}

function join(chunks: readonly Uint8Array[], size: number): Uint8Array {
  const joined = new Uint8Array(size);
  let at = 0;
  for (const chunk of chunks) {
    joined.set(chunk, at);
    at += chunk.length;
  }
  return joined;
}
