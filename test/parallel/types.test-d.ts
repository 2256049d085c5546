import type { LayersModel } from '@tensorflow/tfjs-layers';
import { expectTypeOf, test } from 'vitest';
import type { Classifier } from '../../src';
import { createTrainingPool, type TrainingPool } from '../../src/parallel/index';

test('what the functions of relu-overconfidence/parallel return', () => {
  expectTypeOf(createTrainingPool).returns.toEqualTypeOf<Promise<TrainingPool>>();
});

test('a pool is made of a LayersModel or a classifier', () => {
  expectTypeOf(createTrainingPool).parameter(0).toEqualTypeOf<LayersModel | Classifier>();
});
