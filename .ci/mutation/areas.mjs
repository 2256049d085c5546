/** What `npm run mutate -- AREA` changes, and the tests that should notice: globs under src and test. */
export const areas = {
  metrics: { src: ['metrics'], tests: ['metrics'] },
  losses: { src: ['losses'], tests: ['losses'] },
  noise: { src: ['noise'], tests: ['noise'] },
  core: { src: ['core'], tests: ['core', 'noise', 'metrics'] },
  attacks: { src: ['attacks'], tests: ['attacks'] },
  'cli-result': { src: ['cli/result'], tests: ['cli/result'] },
  bounds: {
    src: ['guarantees/bounds'],
    tests: [
      'guarantees/bounds',
      'guarantees/sandwich',
      'guarantees/float32',
      'guarantees/rounding',
      'guarantees/terms',
    ],
  },
  rays: { src: ['regions/ray', 'regions/slice'], tests: ['regions'] },
  theory: { src: ['theory'], tests: ['theory'] },
};
