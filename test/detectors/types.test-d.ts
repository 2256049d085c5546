import type * as tf from '@tensorflow/tfjs-core';
import { expectTypeOf, test } from 'vitest';
import {
  type AttackTarget,
  attackTarget,
  chooseThreshold,
  chooseThresholds,
  conformalPValue,
  type Detector,
  type DetectorKind,
  energy,
  type Features,
  type FittedUnknown,
  features,
  fitDetector,
  fitUnknown,
  generalizedEntropy,
  imageInput,
  likeTeachableMachine,
  maxLogit,
  maxSoftmax,
  odin,
  type RestoredUnknown,
  restoreDetector,
  restoreUnknown,
  type SavedDetector,
  type SeenImages,
  seenImages,
  steady,
  type TeachableMachineModel,
  type Threshold,
  type UnknownClassifier,
  type UnknownOptions,
  withUnknown,
} from '../../src/detectors/index';
import { type Classifier, classifier, type ModelLike } from '../../src/index';

test('what the functions of relu-overconfidence/detectors return', () => {
  expectTypeOf(attackTarget).returns.toEqualTypeOf<AttackTarget>();
  expectTypeOf(chooseThreshold).returns.toEqualTypeOf<Threshold>();
  expectTypeOf(chooseThresholds).returns.toEqualTypeOf<readonly (Threshold | undefined)[]>();
  expectTypeOf(conformalPValue).returns.toEqualTypeOf<number>();
  expectTypeOf(energy).returns.toEqualTypeOf<number>();
  expectTypeOf(generalizedEntropy).returns.toEqualTypeOf<number>();
  expectTypeOf(maxLogit).returns.toEqualTypeOf<number>();
  expectTypeOf(maxSoftmax).returns.toEqualTypeOf<number>();
  expectTypeOf(features).returns.toEqualTypeOf<Features>();
  expectTypeOf(fitDetector).returns.toEqualTypeOf<Promise<Detector>>();
  expectTypeOf(restoreDetector).returns.toEqualTypeOf<Promise<Detector>>();
  expectTypeOf(fitUnknown).returns.toEqualTypeOf<Promise<FittedUnknown>>();
  expectTypeOf(imageInput).returns.toEqualTypeOf<tf.Tensor>();
  expectTypeOf(likeTeachableMachine).returns.toEqualTypeOf<TeachableMachineModel>();
  expectTypeOf(odin).returns.toEqualTypeOf<Promise<Float64Array>>();
  expectTypeOf(restoreUnknown).returns.toEqualTypeOf<Promise<RestoredUnknown>>();
  expectTypeOf(seenImages).returns.toEqualTypeOf<Promise<SeenImages>>();
  expectTypeOf(steady).returns.toEqualTypeOf<(label: string) => string>();
  expectTypeOf(withUnknown).returns.toEqualTypeOf<UnknownClassifier>();
});

test('what predicts has the names of the classes in its type, where the classifier was told them', () => {
  type LabelOf<Guard extends UnknownClassifier> = Awaited<ReturnType<Guard['predict']>>[number]['label'];
  const model = null as unknown as ModelLike;
  const net = classifier(model, { labels: ['cat', 'dog'] });
  expectTypeOf(net).toEqualTypeOf<Classifier<'cat' | 'dog'>>();
  const options = null as unknown as UnknownOptions;
  const own = null as unknown as Omit<UnknownOptions, 'labels'>;
  const guard = withUnknown(net, own);
  expectTypeOf<LabelOf<typeof guard>>().toEqualTypeOf<'cat' | 'dog' | 'unknown'>();
  const named = withUnknown(model, { ...own, labels: ['cat', 'dog'] as const });
  expectTypeOf<LabelOf<typeof named>>().toEqualTypeOf<'cat' | 'dog' | 'unknown'>();
  const fitted = fitUnknown(net, null as unknown as tf.Tensor);
  expectTypeOf(fitted).toEqualTypeOf<Promise<FittedUnknown<'cat' | 'dog'>>>();
  const any = withUnknown(model, options);
  expectTypeOf<LabelOf<typeof any>>().toEqualTypeOf<string>();
});

test('a detector of any kind is asked and saved in the same way', () => {
  expectTypeOf(fitDetector).parameter(0).toEqualTypeOf<DetectorKind>();
  expectTypeOf<'mahalanobis' | 'knn' | 'energy'>().toExtend<DetectorKind>();
  expectTypeOf<'nearest'>().not.toExtend<DetectorKind>();
  expectTypeOf<Detector['save']>().returns.toEqualTypeOf<SavedDetector>();
});
