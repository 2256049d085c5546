import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import type { ParityRun } from './runComputations';

/** Where Debian's package `chromium` puts a Vulkan loader and SwiftShader, a Vulkan driver that needs no GPU. */
const LIBRARIES = '/usr/lib/chromium';
const DRIVER = `${LIBRARIES}/vk_swiftshader_icd.json`;

/** Runs computations on webgpu in Node, in a process of its own. */
export async function runNodeWebgpu(names: readonly string[]): Promise<ParityRun> {
  const script = fileURLToPath(new URL('./nodeWebgpu.ts', import.meta.url));
  const { stdout } = await promisify(execFile)(process.execPath, ['--import', 'tsx', script, ...names], {
    env: { ...process.env, LD_LIBRARY_PATH: LIBRARIES, VK_ICD_FILENAMES: DRIVER },
    maxBuffer: 1e9,
  });
  return JSON.parse(stdout);
}
