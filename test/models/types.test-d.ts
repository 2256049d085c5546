import type { LayersModel } from '@tensorflow/tfjs-layers';
import { expectTypeOf, test } from 'vitest';
import {
  type LoadedModel,
  lenet,
  loadModel,
  loadPaperCheckpoint,
  mlp,
  resnetSmall,
  saveModel,
  toLayersModel,
} from '../../src/models/index';

test('what the functions of relu-overconfidence/models return', () => {
  expectTypeOf(lenet).returns.toEqualTypeOf<LayersModel>();
  expectTypeOf(loadPaperCheckpoint).returns.toEqualTypeOf<LayersModel>();
  expectTypeOf(mlp).returns.toEqualTypeOf<LayersModel>();
  expectTypeOf(resnetSmall).returns.toEqualTypeOf<LayersModel>();
  expectTypeOf(toLayersModel).returns.toEqualTypeOf<LayersModel>();
  expectTypeOf(loadModel).returns.toEqualTypeOf<Promise<LoadedModel>>();
  expectTypeOf(saveModel).returns.toEqualTypeOf<Promise<string>>();
});

test('what is loaded tells its kind', () => {
  expectTypeOf<LoadedModel['kind']>().toEqualTypeOf<'layers' | 'graph'>();
  expectTypeOf(loadModel).toBeCallableWith('folder');
  expectTypeOf(loadModel).toBeCallableWith(new URL('https://example.org/model.json'));
});
