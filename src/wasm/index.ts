export { disableWasmTraining } from './disableWasmTraining';
export { enableWasmTraining } from './enableWasmTraining';
