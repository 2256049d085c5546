import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { chromium, type Page } from 'playwright-core';
import type {} from './browserPage';
import type { ParityRun } from './runComputations';

/** Where Debian's package `chromium` puts the browser. */
export const BROWSER = '/usr/bin/chromium';

/** Whether there is a browser to run the suite in. */
export const hasChromium = existsSync(BROWSER);

/** WebGL and WebGPU on SwiftShader, a rasteriser for the CPU: no GPU is needed, and every machine computes the same. */
export const FLAGS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-background-networking',
  '--use-angle=swiftshader',
  '--enable-unsafe-swiftshader',
  '--enable-unsafe-webgpu',
  '--use-webgpu-adapter=swiftshader',
];

/** Runs computations in headless Chromium on one backend. */
export function runInChromium(backend: 'webgl' | 'webgpu', names: readonly string[]): Promise<ParityRun> {
  return inChromium(new URL('./browserPage.ts', import.meta.url), (page) =>
    page.evaluate(([on, chosen]) => globalThis.runParity(on, chosen), [backend, names] as const),
  );
}

/** Opens a page that runs a program, bundled from the sources, and nothing else. */
export async function inChromium<T>(program: URL, work: (page: Page) => Promise<T>): Promise<T> {
  const script = await bundle(program);
  // WebGPU is there for secure contexts only, of which a page of this machine is one.
  const server = createServer((request, response) => {
    const wanted = request.url === '/page.js';
    response.setHeader('content-type', wanted ? 'text/javascript' : 'text/html');
    response.end(wanted ? script : '<!doctype html><script src="/page.js"></script>');
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const browser = await chromium.launch({ executablePath: BROWSER, args: FLAGS });
  try {
    const page = await browser.newPage();
    await page.goto(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`);
    return await work(page);
  } finally {
    await browser.close();
    server.close();
  }
}

async function bundle(program: URL): Promise<string> {
  const { outputFiles } = await build({
    entryPoints: [fileURLToPath(program)],
    bundle: true,
    write: false,
    format: 'iife',
    target: 'es2022',
    logLevel: 'error',
  });
  return outputFiles[0]!.text;
}
