import { defineConfig } from 'vite';

export default defineConfig({
  root: import.meta.dirname,
  // Relative addresses, so that the built page may lie in any folder.
  base: './',
  publicDir: false,
  // The package and the digits lie above this folder.
  server: { fs: { allow: ['../..'] } },
  build: {
    outDir: 'output',
    emptyOutDir: true,
    target: 'es2022',
    // The security policy of the page lets in files, and neither inline scripts nor data addresses.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    // Backends come in parts that are loaded only when chosen.
    chunkSizeWarningLimit: 1500,
  },
});
