import { expectTypeOf, test } from 'vitest';
import {
  type DecodedImage,
  decodeImage,
  downloadDataset,
  type ImageSet,
  loadDataset,
  type NumericArray,
  parseCifar,
  parseIdx,
  parseNpy,
  parseSvhn,
  parseTensorBundle,
  resize,
  type TwoMoons,
  toGray,
  toImageSet,
  transposeImages,
  twoMoons,
  unitPixels,
} from '../../src/datasets/index';

test('what the functions of relu-overconfidence/datasets return', () => {
  expectTypeOf(decodeImage).returns.toEqualTypeOf<Promise<DecodedImage>>();
  expectTypeOf(downloadDataset).returns.toEqualTypeOf<Promise<string[]>>();
  expectTypeOf(loadDataset).returns.toEqualTypeOf<Promise<ImageSet>>();
  expectTypeOf(parseSvhn).returns.toEqualTypeOf<Promise<ImageSet>>();
  expectTypeOf(parseCifar).returns.toEqualTypeOf<ImageSet>();
  expectTypeOf(resize).returns.toEqualTypeOf<ImageSet>();
  expectTypeOf(toGray).returns.toEqualTypeOf<ImageSet>();
  expectTypeOf(toImageSet).returns.toEqualTypeOf<ImageSet>();
  expectTypeOf(transposeImages).returns.toEqualTypeOf<ImageSet>();
  expectTypeOf(parseIdx).returns.toEqualTypeOf<Promise<NumericArray>>();
  expectTypeOf(parseNpy).returns.toEqualTypeOf<NumericArray>();
  expectTypeOf(parseTensorBundle).returns.toEqualTypeOf<ReadonlyMap<string, NumericArray>>();
  expectTypeOf(twoMoons).returns.toEqualTypeOf<TwoMoons>();
  expectTypeOf(unitPixels).returns.toEqualTypeOf<Float32Array>();
});
