import { expectTypeOf, test } from 'vitest';
import {
  type Ccu,
  type ConfidenceSandwich,
  ccu,
  certifiedMaxConfidence,
  confidenceSandwich,
  type GuaranteedClassifier,
  type Interval,
  intervalBounds,
  type JointDiscriminator,
  jointDiscriminator,
  type LastLayerLaplace,
  lastLayerLaplace,
  type RadialTemperature,
  type ReluGpResidual,
  radialTemperature,
  reluGpResidual,
  restoreGuarantee,
  type SavedCcu,
  type SearchedBounds,
} from '../../src/guarantees/index';
import type { PiecewiseAffine } from '../../src/regions';

test('what the functions of relu-overconfidence/guarantees return', () => {
  expectTypeOf(ccu).returns.toEqualTypeOf<Promise<Ccu>>();
  expectTypeOf((net: PiecewiseAffine) => certifiedMaxConfidence(net, [[0]], 0.1)).returns.toEqualTypeOf<Float64Array>();
  expectTypeOf((net: PiecewiseAffine) =>
    certifiedMaxConfidence(net, [[0]], 0.1, { seconds: 1 }),
  ).returns.toEqualTypeOf<SearchedBounds>();
  expectTypeOf(confidenceSandwich).returns.toEqualTypeOf<Promise<ConfidenceSandwich>>();
  expectTypeOf(intervalBounds).returns.toEqualTypeOf<Interval>();
  expectTypeOf(jointDiscriminator).returns.toEqualTypeOf<Promise<JointDiscriminator>>();
  expectTypeOf(lastLayerLaplace).returns.toEqualTypeOf<Promise<LastLayerLaplace>>();
  expectTypeOf(radialTemperature).returns.toEqualTypeOf<Promise<RadialTemperature>>();
  expectTypeOf(reluGpResidual).returns.toEqualTypeOf<Promise<ReluGpResidual>>();
});

test('what a wrapper saves becomes that wrapper again', () => {
  expectTypeOf(restoreGuarantee<SavedCcu>).returns.resolves.toExtend<Ccu>();
  expectTypeOf<Ccu>().toExtend<GuaranteedClassifier>();
});
