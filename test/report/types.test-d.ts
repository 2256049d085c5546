import { expectTypeOf, test } from 'vitest';
import {
  confidenceHistogramPlot,
  confidenceMap,
  imageGrid,
  oodReportHtml,
  rayPlot,
  regionMap,
  reliabilityDiagram,
  rocPlot,
  sandwichPlot,
  trainingPlot,
} from '../../src/report/index';

test('what the functions of relu-overconfidence/report return', () => {
  expectTypeOf(confidenceHistogramPlot).returns.toEqualTypeOf<Promise<string>>();
  expectTypeOf(confidenceMap).returns.toEqualTypeOf<Promise<string>>();
  expectTypeOf(oodReportHtml).returns.toEqualTypeOf<Promise<string>>();
  expectTypeOf(rayPlot).returns.toEqualTypeOf<Promise<string>>();
  expectTypeOf(regionMap).returns.toEqualTypeOf<Promise<string>>();
  expectTypeOf(reliabilityDiagram).returns.toEqualTypeOf<Promise<string>>();
  expectTypeOf(rocPlot).returns.toEqualTypeOf<Promise<string>>();
  expectTypeOf(sandwichPlot).returns.toEqualTypeOf<Promise<string>>();
  expectTypeOf(trainingPlot).returns.toEqualTypeOf<Promise<string>>();
  expectTypeOf(imageGrid).returns.toEqualTypeOf<Promise<Uint8Array>>();
});
