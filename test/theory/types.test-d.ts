import type { LayersModel } from '@tensorflow/tfjs-layers';
import { expectTypeOf, test } from 'vitest';
import type { ModelLike } from '../../src';
import type { PiecewiseAffine } from '../../src/regions';
import {
  type AlphaScaling,
  type AsymptoticConfidence,
  alphaScaling,
  asymptoticConfidence,
  type CheckTheorem31Result,
  type CheckTheorem32Result,
  checkTheorem31,
  checkTheorem32,
  evaluateRbf,
  minimalAlpha,
  type RbfConfidenceBound,
  type RbfNetwork,
  rbfConfidenceBound,
  rbfDistance,
  rbfModel,
  rbfNetwork,
  rbfRadius,
  registerRbfLayer,
  sharpLogitRange,
} from '../../src/theory/index';

test('what the functions of relu-overconfidence/theory return', () => {
  expectTypeOf(alphaScaling).returns.toEqualTypeOf<Promise<AlphaScaling>>();
  expectTypeOf(asymptoticConfidence).returns.toEqualTypeOf<AsymptoticConfidence>();
  expectTypeOf(checkTheorem31).returns.toEqualTypeOf<CheckTheorem31Result>();
  expectTypeOf(checkTheorem32).returns.toEqualTypeOf<CheckTheorem32Result>();
  expectTypeOf(evaluateRbf).returns.toEqualTypeOf<Float64Array>();
  expectTypeOf(minimalAlpha).returns.toEqualTypeOf<number>();
  expectTypeOf(rbfDistance).returns.toEqualTypeOf<number>();
  expectTypeOf(rbfRadius).returns.toEqualTypeOf<number>();
  expectTypeOf(sharpLogitRange).returns.toEqualTypeOf<number>();
  expectTypeOf(rbfConfidenceBound).returns.toEqualTypeOf<RbfConfidenceBound>();
  expectTypeOf(rbfModel).returns.toEqualTypeOf<LayersModel>();
  expectTypeOf(rbfNetwork).returns.toEqualTypeOf<RbfNetwork>();
  expectTypeOf(registerRbfLayer).returns.toEqualTypeOf<void>();
});

test('a network of /regions or a model of tfjs has its alphas scaled', () => {
  expectTypeOf(alphaScaling).parameter(0).toEqualTypeOf<PiecewiseAffine | ModelLike>();
});
