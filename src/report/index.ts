export { type ConfidenceHistogramPlotOptions, confidenceHistogramPlot } from './confidenceHistogramPlot';
export { confidenceMap } from './confidenceMap';
export { type ImageGridOptions, type ImageRow, imageGrid } from './imageGrid';
export type { ConfidenceMapOptions, LabelledPoints, MapBox } from './mapTypes';
export type { PlotLook } from './plotLook';
export { regionMap } from './regionMap';
export type { RegionMapOptions } from './regionTypes';
export { type RocPlotOptions, rocPlot } from './rocPlot';
