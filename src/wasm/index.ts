export { disableWasmTraining } from './disableWasmTraining';
export { enableWasmTraining, type WasmTrainingOptions } from './enableWasmTraining';
