/**
 * Kernels for training on the wasm backend.
 *
 * @module relu-overconfidence/wasm
 */
export { disableWasmTraining } from './disableWasmTraining';
export { enableWasmTraining, type WasmTrainingOptions } from './enableWasmTraining';
