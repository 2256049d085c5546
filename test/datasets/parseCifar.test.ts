import { describe, expect, it } from 'vitest';
import { parseCifar } from '../../src/datasets';
import { expectRefusal } from '../support/expectRefusal';

const bad = { code: 'INVALID_DATA', fn: 'parseCifar', argument: 'bytes' } as const;

/** Records of the given label bytes and 1,024 red, green and blue values each. */
const records = (labels: readonly (readonly number[])[]) =>
  Uint8Array.from(labels.flatMap((bytes, i) => [...bytes, ...Array.from({ length: 3072 }, (_, p) => plane(i, p))]));
const plane = (image: number, place: number) => (image * 31 + place * 7 + (place >> 8)) % 256;

describe('parseCifar', () => {
  it('reads CIFAR-10: the label, then planes of red, green and blue, which become channels of a pixel', () => {
    const { shape, pixels, labels, coarseLabels } = parseCifar(records([[3], [9], [0]]), 'cifar10');
    expect(shape).toEqual([3, 32, 32, 3]);
    expect(labels).toEqual(new Int32Array([3, 9, 0]));
    expect(coarseLabels).toBeUndefined();
    const want = Uint8Array.from({ length: 3 * 3072 }, (_, i) => {
      const [image, position, channel] = [Math.floor(i / 3072), Math.floor(i / 3) % 1024, i % 3];
      return plane(image, channel * 1024 + position);
    });
    expect(pixels).toEqual(want);
  });

  it('reads CIFAR-100: superclass, class, planes', () => {
    const { shape, labels, coarseLabels } = parseCifar(
      records([
        [19, 99],
        [0, 42],
      ]),
      'cifar100',
    );
    expect(shape).toEqual([2, 32, 32, 3]);
    expect(labels).toEqual(new Int32Array([99, 42]));
    expect(coarseLabels).toEqual(new Int32Array([19, 0]));
  });

  it.each([
    ['an empty file', new Uint8Array(), 'cifar10'],
    ['a file cut within a record', records([[1], [2]]).slice(0, -1), 'cifar10'],
    ['a byte too many', Uint8Array.from([...records([[1]]), 0]), 'cifar10'],
    ['a label out of range', records([[1], [10]]), 'cifar10'],
    ['a superclass out of range', records([[20, 1]]), 'cifar100'],
    ['CIFAR-10 taken for CIFAR-100', records([[1]]), 'cifar100'],
  ] as const)('refuses %s', async (_, bytes, kind) => {
    await expectRefusal(() => parseCifar(bytes, kind), bad);
  });

  it('refuses other arguments', async () => {
    await expectRefusal(() => parseCifar('x' as never, 'cifar10'), { ...bad, code: 'INVALID_ARGUMENT' });
    await expectRefusal(() => parseCifar(records([[1]]), 'cifar' as never), {
      code: 'INVALID_OPTION',
      fn: 'parseCifar',
      argument: 'kind',
    });
  });
});
