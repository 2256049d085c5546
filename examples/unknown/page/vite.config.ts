import { defineConfig } from 'vite';

export default defineConfig({
  root: import.meta.dirname,
  // Relative addresses, so that the built page may lie in any folder.
  base: './',
  publicDir: false,
  server: { fs: { allow: ['../../..'] } },
  build: { outDir: 'output', emptyOutDir: true, target: 'es2022', chunkSizeWarningLimit: 3000 },
});
