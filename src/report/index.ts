/**
 * Pictures, and reports in HTML.
 *
 * @module relu-overconfidence/report
 */
export { type ConfidenceHistogramPlotOptions, confidenceHistogramPlot } from './confidenceHistogramPlot';
export { confidenceMap } from './confidenceMap';
export { oodReportHtml } from './html/oodReportHtml';
export type {
  OodReportHtmlOptions,
  ReportPicture,
  ReportSection,
  ReportTable,
  ReportVerdict,
} from './html/types';
export { type ImageGridOptions, type ImageRow, imageGrid } from './imageGrid';
export type { ConfidenceMapOptions, LabelledPoints, MapBox } from './mapTypes';
export type { PlotLook } from './plotLook';
export { type RayCurve, type RayPlotOptions, rayPlot } from './rayPlot';
export { type RegionMapOptions, regionMap } from './regionMap';
export { type ReliabilityDiagramOptions, reliabilityDiagram } from './reliabilityDiagram';
export { type RocPlotOptions, rocPlot } from './rocPlot';
export { type SandwichPlotOptions, type SandwichSeries, sandwichPlot } from './sandwichPlot';
export {
  type FineTuneCourse,
  type FitCourse,
  type MeasuredModel,
  type TrainingPlotOptions,
  trainingPlot,
} from './trainingPlot';
