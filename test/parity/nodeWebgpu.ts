/**
 * Runs the computations that its arguments name on webgpu in Node and writes the outcomes to the standard output. A process
 * of its own: the backend looks for `navigator.gpu` when it is imported, and the Vulkan driver is found by variables of
 * the environment.
 */
import { create, globals } from 'webgpu';

Object.assign(globalThis, globals);
Object.defineProperty(globalThis, 'navigator', { value: { gpu: create(['backend=vulkan']) } });
await import('@tensorflow/tfjs-layers');
await import('@tensorflow/tfjs-backend-webgpu');
const { runComputations } = await import('./runComputations');
const run = JSON.stringify(await runComputations('webgpu', process.argv.slice(2)));
// Dawn keeps the process alive.
process.stdout.write(run, () => process.exit(0));
