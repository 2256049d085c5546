import { describe, expect, it } from 'vitest';
import { filterMatrix, INPUT_MATRIX, outputMatrix, suitsWinograd, TILE, tiling } from '../../src/core/winograd';

const times = (matrix: readonly (readonly number[])[], x: readonly number[]) =>
  matrix.map((row) => row.reduce((sum, value, i) => sum + value * x[i]!, 0));

describe('the matrices of minimal filtering', () => {
  it.each([3, 5])('give the sliding inner products of a tile with a filter of %i values', (size) => {
    const outputs = TILE + 1 - size;
    for (let k = 0; k < size; k++)
      for (let j = 0; j < TILE; j++) {
        const filter = Array.from({ length: size }, (_, i) => (i === k ? 1 : 0));
        const tile = Array.from({ length: TILE }, (_, i) => (i === j ? 1 : 0));
        const [w, d] = [times(filterMatrix(size), filter), times(INPUT_MATRIX, tile)];
        const got = times(
          outputMatrix(outputs),
          w.map((value, p) => value * d[p]!),
        );
        for (let i = 0; i < outputs; i++) expect(got[i]).toBeCloseTo(i + k === j ? 1 : 0, 12);
      }
  });
});

describe('a convolution', () => {
  const sizes = {
    filterHeight: 3,
    filterWidth: 3,
    strideHeight: 1,
    strideWidth: 1,
    dilationHeight: 1,
    dilationWidth: 1,
    inChannels: 32,
    outChannels: 32,
    outHeight: 60,
    outWidth: 60,
  };

  it('has tiles of 6 x 6 that overlap by the filter less one, and as many as cover all outputs', () => {
    expect(tiling(3, 5, 9)).toEqual({ side: 4, tilesY: 2, tilesX: 3 });
    expect(tiling(3, 4, 8)).toEqual({ side: 4, tilesY: 1, tilesX: 2 });
    expect(tiling(5, 5, 9)).toEqual({ side: 2, tilesY: 3, tilesX: 5 });
  });

  it('is computed so for filters of 3 x 3 or 5 x 5, step 1, 4 channels and 8 filters at a time, and for no other', () => {
    expect(suitsWinograd(sizes)).toBe(true);
    expect(suitsWinograd({ ...sizes, filterHeight: 5, filterWidth: 5 })).toBe(true);
    for (const other of [
      { filterHeight: 1, filterWidth: 1 },
      { filterHeight: 2, filterWidth: 2 },
      { filterHeight: 4, filterWidth: 4 },
      { filterWidth: 5 },
      { filterWidth: 1 },
      { strideHeight: 2 },
      { strideWidth: 2 },
      { dilationHeight: 2 },
      { dilationWidth: 2 },
      { inChannels: 30 },
      { outChannels: 36 },
    ])
      expect(suitsWinograd({ ...sizes, ...other })).toBe(false);
  });

  it.each([
    // One tile: 36 (i o + 8 (i + o)) products instead of 9 * 16 i o.
    [3, 4, 4, 4, 32, false],
    [3, 4, 4, 4, 48, true],
    [3, 4, 4, 8, 16, true],
    // Two tiles for 20 outputs, either way: 72 (i o + 8 (i + o)) instead of 9 * 20 i o.
    [3, 4, 5, 12, 16, false],
    [3, 5, 4, 12, 16, false],
    [3, 4, 5, 20, 16, true],
    [3, 5, 4, 20, 16, true],
    // One tile of four outputs: 36 (i o + 8 (i + o)) instead of 25 * 4 i o.
    [5, 2, 2, 8, 16, false],
    [5, 2, 2, 12, 16, true],
    // Most of the tile is thrown away.
    [3, 1, 1, 256, 256, false],
    // Exactly four fifths are no saving.
    [3, 2, 3, 80, 80, false],
  ])(
    'of filters of side %i with %i x %i outputs, %i channels and %i filters is computed so where it saves a fifth: %s',
    (...row) => {
      const [size, outHeight, outWidth, inChannels, outChannels, suits] = row;
      const asked = { ...sizes, filterHeight: size, filterWidth: size, outHeight, outWidth, inChannels, outChannels };
      expect(suitsWinograd(asked)).toBe(suits);
    },
  );
});
