/**
 * Readers of image files and data sets.
 *
 * @module relu-overconfidence/datasets
 */
export { type DatasetFile, type DatasetName, type DatasetSource, datasetSources } from './datasetSources';
export { type DecodedImage, type DecodeImageOptions, decodeImage, type ResizeMode } from './decodeImage';
export { type DownloadDatasetOptions, downloadDataset } from './downloadDataset';
export type { ImageSet } from './imageSet';
export { type LoadDatasetOptions, loadDataset } from './loadDataset';
export type { NumberData, NumberType, NumericArray } from './numericArray';
export { type CifarKind, parseCifar } from './parseCifar';
export { parseIdx } from './parseIdx';
export { parseNpy } from './parseNpy';
export { parseSvhn } from './parseSvhn';
export { parseTensorBundle } from './parseTensorBundle';
export { transposeImages } from './permuteAxes';
export { type ResizeOptions, resize } from './resize';
export { type ToGrayOptions, toGray } from './toGray';
export { toImageSet } from './toImageSet';
export { type TwoMoons, type TwoMoonsOptions, twoMoons } from './twoMoons';
export { type UnitPixelsOptions, unitPixels } from './unitPixels';
