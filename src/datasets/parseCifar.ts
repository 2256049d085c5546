import { checkOneOf, refuse, type Where } from '../core/check';
import { checkBytes } from './byteReader';
import type { ImageSet } from './imageSet';
import { permuteAxes } from './permuteAxes';

/** The two data sets that share the format. */
export type CifarKind = 'cifar10' | 'cifar100';

const SIDE = 32;
const PIXELS = 3 * SIDE * SIDE;
/** Number of classes of each label byte, in the order in which a record begins with them. */
const LABELS = { cifar10: [10], cifar100: [20, 100] } as const;
const WHERE: Where = { fn: 'parseCifar', argument: 'bytes' };

/**
 * Reads the binary version of CIFAR-10 or CIFAR-100: `data_batch_1.bin`, `test_batch.bin`, `train.bin`, `test.bin`.
 *
 * A record is the label (CIFAR-100: superclass, then class) and 32x32 red, then green, then blue values. The format has no
 * header, so a file cut between two records is a valid file with fewer images: compare the count. Format:
 * https://www.cs.toronto.edu/~kriz/cifar.html. Runs in browsers too.
 *
 * @param bytes - The whole file, not compressed.
 * @param kind - Which data set it is; the file does not tell.
 * @returns Images `[N, 32, 32, 3]` with their labels.
 * @throws OverconfidenceError `INVALID_ARGUMENT` if `bytes` is not a Uint8Array; `INVALID_OPTION` if `kind` is another word;
 * `INVALID_DATA` if the file is empty, ends within a record, or holds a label out of range.
 *
 * @example
 * ```ts
 * import { parseCifar } from 'relu-overconfidence/datasets';
 *
 * const { shape, labels } = parseCifar(new Uint8Array(3073).fill(7), 'cifar10');
 * console.log(shape, labels); // [1, 32, 32, 3] Int32Array [7]
 * ```
 */
export function parseCifar(bytes: Uint8Array, kind: CifarKind): ImageSet {
  checkBytes(WHERE, bytes);
  checkOneOf({ ...WHERE, argument: 'kind' }, kind, ['cifar10', 'cifar100']);
  const classes = LABELS[kind];
  const record = classes.length + PIXELS;
  const count = bytes.length / record;
  if (count === 0 || !Number.isInteger(count))
    refuse(
      WHERE,
      'INVALID_DATA',
      `one or more whole records of ${record} bytes`,
      `${bytes.length} bytes`,
      'Pass an uncompressed .bin file, whole, and check `kind`.',
    );
  const labels = classes.map((limit, place) => {
    const found = Int32Array.from({ length: count }, (_, i) => bytes[i * record + place]!);
    checkLabels(found, limit);
    return found;
  });
  const planes = new Uint8Array(count * PIXELS);
  for (let i = 0; i < count; i++) planes.set(bytes.subarray(i * record + classes.length, (i + 1) * record), i * PIXELS);
  const pixels = permuteAxes(planes, [count, 3, SIDE, SIDE], [0, 2, 3, 1]);
  const shape = [count, SIDE, SIDE, 3] as const;
  const [first, second] = labels;
  return second === undefined
    ? { shape, pixels, labels: first! }
    : { shape, pixels, labels: second, coarseLabels: first! };
}

function checkLabels(labels: Int32Array, classes: number): void {
  const bad = labels.findIndex((label) => label >= classes);
  if (bad >= 0)
    refuse(
      WHERE,
      'INVALID_DATA',
      `records with labels below ${classes}`,
      `label ${labels[bad]} in record ${bad}`,
      'Check `kind`, or download the file again.',
    );
}
