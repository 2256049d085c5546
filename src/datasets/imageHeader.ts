/** What the first bytes of an image file say. */
export interface ImageHeader {
  readonly format: 'PNG' | 'JPEG' | 'WebP';
  /** Pixels as they are stored, before the image is turned. */
  readonly width: number;
  readonly height: number;
  /** How the image is to be turned or mirrored to stand upright, 1 to 8 as EXIF has it; 1 for upright. */
  readonly orientation: number;
}

/** Reads the header of a PNG, JPEG or WebP file; undefined for anything else, or if it breaks off before its size. */
export function imageHeader(bytes: Uint8Array): ImageHeader | undefined {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  try {
    if (view.getUint32(0) === 0x89504e47)
      return { format: 'PNG', width: view.getUint32(16), height: view.getUint32(20), orientation: 1 };
    if (view.getUint16(0) === 0xffd8) return jpegHeader(view);
    if (textAt(view, 0) === 'RIFF' && textAt(view, 8) === 'WEBP') return webpHeader(view);
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
  }
  return undefined;
}

function textAt(view: DataView, at: number): string {
  return String.fromCharCode(...[0, 1, 2, 3].map((i) => view.getUint8(at + i)));
}

/** A JPEG is a row of segments; its size stands in the one that starts the frame (ITU T.81, B.2.2). */
function jpegHeader(view: DataView): ImageHeader | undefined {
  let orientation = 1;
  for (let at = 2; ; ) {
    if (view.getUint8(at) !== 0xff) return undefined;
    const marker = view.getUint8(at + 1);
    // Fill bytes, and markers without a segment.
    if (marker === 0xff) at += 1;
    else if (marker === 0x01 || (marker >= 0xd0 && marker <= 0xd8)) at += 2;
    else {
      const startsFrame = marker >= 0xc0 && marker <= 0xcf && ![0xc4, 0xc8, 0xcc].includes(marker);
      if (startsFrame)
        return { format: 'JPEG', height: view.getUint16(at + 5), width: view.getUint16(at + 7), orientation };
      const length = view.getUint16(at + 2);
      if (marker === 0xe1 && textAt(view, at + 4) === 'Exif')
        orientation = exifOrientation(view, at + 10, at + 2 + length) ?? orientation;
      at += 2 + length;
    }
  }
}

/** The tag 0x0112 in the first directory of a TIFF structure (Exif 2.32, 4.6.4). */
function exifOrientation(view: DataView, start: number, end: number): number | undefined {
  const little = view.getUint16(start) === 0x4949;
  const directory = start + view.getUint32(start + 4, little);
  const entries = view.getUint16(directory, little);
  for (let i = 0; i < entries; i++) {
    const entry = directory + 2 + 12 * i;
    if (entry + 12 > end) return undefined;
    if (view.getUint16(entry, little) !== 0x0112) continue;
    const value = view.getUint16(entry + 8, little);
    return value >= 1 && value <= 8 ? value : undefined;
  }
  return undefined;
}

/** A WebP says its size in the first chunk, in a way of its own for each of three kinds (RFC 9649). */
function webpHeader(view: DataView): ImageHeader | undefined {
  const sized = (width: number, height: number, orientation = 1): ImageHeader => ({
    format: 'WebP',
    width,
    height,
    orientation,
  });
  switch (textAt(view, 12)) {
    case 'VP8 ':
      return sized(view.getUint16(26, true) & 0x3fff, view.getUint16(28, true) & 0x3fff);
    case 'VP8L': {
      const bits = view.getUint32(21, true);
      return sized((bits & 0x3fff) + 1, ((bits >>> 14) & 0x3fff) + 1);
    }
    case 'VP8X':
      return sized((view.getUint32(24, true) & 0xffffff) + 1, (view.getUint32(26, true) >>> 8) + 1);
    default:
      return undefined;
  }
}
