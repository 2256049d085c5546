import type * as tf from '@tensorflow/tfjs-core';
import type { LayersModel } from '@tensorflow/tfjs-layers';
import { expectTypeOf, test } from 'vitest';
import {
  type Attack,
  type AttackOptions,
  type AttackResult,
  type AurocBounds,
  acetGradients,
  acetStep,
  apgdLinf,
  aupr,
  auroc,
  aurocBounds,
  type BootstrapInterval,
  binaryCrossEntropy,
  binaryCrossEntropyTo,
  bootstrapInterval,
  type CheckpointStore,
  type Classifier,
  type ConfidenceHistogram,
  cedaGradients,
  cedaStep,
  checkEnvironment,
  classifier,
  confidenceHistogram,
  confidences,
  createRng,
  crossEntropy,
  crossEntropyTo,
  type Environment,
  evaluateOod,
  expectedCalibrationError,
  type FineTuneResult,
  fileCheckpoint,
  fineTune,
  fit,
  formatOodReport,
  fprAtTpr,
  type GradientsResult,
  gaussianLowPass,
  goodGradients,
  goodStep,
  type History,
  logOdds,
  lpOut,
  type ModelLike,
  maxConfidenceAttack,
  maxLogit,
  maxLogOdds,
  maxLogSigmoid,
  meanMaxConfidence,
  type NoiseSampler,
  type OodReport,
  paperNoise,
  paperSampler,
  paperSchedule,
  permutePixels,
  pgdL2,
  pgdLinf,
  plainGradients,
  plainStep,
  predictions,
  projectBox,
  projectL2,
  projectLinf,
  type RejectingClassifier,
  type Rng,
  type RocCurve,
  randomCrop,
  randomMirror,
  rocCurve,
  type StepResult,
  stretchContrast,
  thresholdAtTpr,
  uniformCrossEntropy,
  uniformNoise,
  weightDecay,
  withRejection,
} from '../src/index';

test('what the functions of relu-overconfidence return', () => {
  expectTypeOf(acetGradients).returns.toEqualTypeOf<GradientsResult>();
  expectTypeOf(cedaGradients).returns.toEqualTypeOf<GradientsResult>();
  expectTypeOf(goodGradients).returns.toEqualTypeOf<GradientsResult>();
  expectTypeOf(plainGradients).returns.toEqualTypeOf<GradientsResult>();
  expectTypeOf(acetStep).returns.toEqualTypeOf<StepResult>();
  expectTypeOf(cedaStep).returns.toEqualTypeOf<StepResult>();
  expectTypeOf(goodStep).returns.toEqualTypeOf<StepResult>();
  expectTypeOf(plainStep).returns.toEqualTypeOf<StepResult>();
  expectTypeOf(apgdLinf).returns.toEqualTypeOf<AttackResult>();
  expectTypeOf(maxConfidenceAttack).returns.toEqualTypeOf<AttackResult>();
  expectTypeOf(pgdL2).returns.toEqualTypeOf<AttackResult>();
  expectTypeOf(pgdLinf).returns.toEqualTypeOf<AttackResult>();
  expectTypeOf(aupr).returns.toEqualTypeOf<number>();
  expectTypeOf(auroc).returns.toEqualTypeOf<number>();
  expectTypeOf(expectedCalibrationError).returns.toEqualTypeOf<number>();
  expectTypeOf(fprAtTpr).returns.toEqualTypeOf<number>();
  expectTypeOf(meanMaxConfidence).returns.toEqualTypeOf<number>();
  expectTypeOf(paperSchedule).returns.toEqualTypeOf<number>();
  expectTypeOf(thresholdAtTpr).returns.toEqualTypeOf<number>();
  expectTypeOf(aurocBounds).returns.toEqualTypeOf<AurocBounds>();
  expectTypeOf(binaryCrossEntropy).returns.toEqualTypeOf<tf.Tensor1D>();
  expectTypeOf(crossEntropy).returns.toEqualTypeOf<tf.Tensor1D>();
  expectTypeOf(lpOut).returns.toEqualTypeOf<tf.Tensor1D>();
  expectTypeOf(maxLogit).returns.toEqualTypeOf<tf.Tensor1D>();
  expectTypeOf(maxLogOdds).returns.toEqualTypeOf<tf.Tensor1D>();
  expectTypeOf(maxLogSigmoid).returns.toEqualTypeOf<tf.Tensor1D>();
  expectTypeOf(uniformCrossEntropy).returns.toEqualTypeOf<tf.Tensor1D>();
  expectTypeOf(binaryCrossEntropyTo).returns.toEqualTypeOf<(logits: tf.Tensor2D) => tf.Tensor1D>();
  expectTypeOf(crossEntropyTo).returns.toEqualTypeOf<(logits: tf.Tensor2D) => tf.Tensor1D>();
  expectTypeOf(bootstrapInterval).returns.toEqualTypeOf<BootstrapInterval>();
  expectTypeOf(checkEnvironment).returns.toEqualTypeOf<Environment>();
  expectTypeOf(classifier).returns.toEqualTypeOf<Classifier>();
  expectTypeOf(confidenceHistogram).returns.toEqualTypeOf<ConfidenceHistogram>();
  expectTypeOf(confidences).returns.toEqualTypeOf<Promise<Float64Array>>();
  expectTypeOf(logOdds).returns.toEqualTypeOf<Promise<Float64Array>>();
  expectTypeOf(createRng).returns.toEqualTypeOf<Rng>();
  expectTypeOf(evaluateOod).returns.toEqualTypeOf<Promise<OodReport>>();
  expectTypeOf(fileCheckpoint).returns.toEqualTypeOf<CheckpointStore>();
  expectTypeOf(fineTune).returns.toEqualTypeOf<Promise<FineTuneResult>>();
  expectTypeOf(fit).returns.toEqualTypeOf<Promise<History>>();
  expectTypeOf(formatOodReport).returns.toEqualTypeOf<string>();
  expectTypeOf(paperNoise).returns.toEqualTypeOf<tf.Tensor>();
  expectTypeOf(permutePixels).returns.toEqualTypeOf<tf.Tensor>();
  expectTypeOf(randomCrop).returns.toEqualTypeOf<tf.Tensor>();
  expectTypeOf(randomMirror).returns.toEqualTypeOf<tf.Tensor>();
  expectTypeOf(stretchContrast).returns.toEqualTypeOf<tf.Tensor>();
  expectTypeOf(uniformNoise).returns.toEqualTypeOf<tf.Tensor>();
  expectTypeOf(paperSampler).returns.toEqualTypeOf<NoiseSampler>();
  expectTypeOf(predictions).returns.toEqualTypeOf<Promise<Int32Array>>();
  expectTypeOf(rocCurve).returns.toEqualTypeOf<RocCurve>();
  expectTypeOf(weightDecay).returns.toEqualTypeOf<tf.Scalar>();
  expectTypeOf(withRejection).returns.toEqualTypeOf<RejectingClassifier>();
});

test('images keep their rank through projections and blurring', () => {
  expectTypeOf(projectBox<tf.Tensor4D>).returns.toEqualTypeOf<tf.Tensor4D>();
  expectTypeOf(projectL2<tf.Tensor3D>).returns.toEqualTypeOf<tf.Tensor3D>();
  expectTypeOf(projectLinf<tf.Tensor2D>).returns.toEqualTypeOf<tf.Tensor2D>();
  expectTypeOf(gaussianLowPass<tf.Tensor3D>).returns.toEqualTypeOf<tf.Tensor3D>();
});

test('a model is a classifier, a LayersModel, a GraphModel or a function, and nothing else', () => {
  expectTypeOf<Classifier>().toExtend<ModelLike>();
  expectTypeOf<Classifier<'cat' | 'dog'>>().toExtend<ModelLike>();
  const labels: readonly string[] = [];
  expectTypeOf(classifier(null as unknown as LayersModel, { labels })).toEqualTypeOf<Classifier>();
  expectTypeOf(classifier(null as unknown as LayersModel)).toEqualTypeOf<Classifier>();
  expectTypeOf<LayersModel>().toExtend<ModelLike>();
  expectTypeOf<tf.InferenceModel>().toExtend<ModelLike>();
  expectTypeOf<(x: tf.Tensor) => tf.Tensor2D>().toExtend<ModelLike>();
  expectTypeOf<string>().not.toExtend<ModelLike>();
  expectTypeOf<Promise<LayersModel>>().not.toExtend<ModelLike>();
});

test('metrics take plain and typed arrays, and no tensors', () => {
  expectTypeOf(auroc).toBeCallableWith([1, 2], new Float64Array(2));
  expectTypeOf<tf.Tensor>().not.toExtend<Parameters<typeof auroc>[0]>();
});

test('every loss of logits is an objective, and every attack takes one', () => {
  expectTypeOf(maxLogOdds).toExtend<NonNullable<AttackOptions['objective']>>();
  expectTypeOf(lpOut).toExtend<NonNullable<AttackOptions['objective']>>();
  expectTypeOf(pgdLinf).toExtend<Attack>();
  expectTypeOf(maxConfidenceAttack).toExtend<Attack>();
});
