/**
 * Models to start from, and the loading and saving of models that people have.
 *
 * @module relu-overconfidence/models
 */
export { type LenetOptions, lenet } from './lenet';
export { type LoadedModel, type LoadModelOptions, loadModel, type ModelSource } from './loadModel';
export {
  type CheckpointVariable,
  type LoadPaperCheckpointOptions,
  loadPaperCheckpoint,
} from './loadPaperCheckpoint';
export { type MlpOptions, mlp } from './mlp';
export { type ResnetSmallOptions, resnetSmall } from './resnetSmall';
export { type SaveModelOptions, saveModel } from './saveModel';
export { type ToLayersModelOptions, toLayersModel } from './toLayersModel';
