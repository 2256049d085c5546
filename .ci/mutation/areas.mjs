/**
 * What `npm run mutate -- AREA` changes, and the tests that should notice: globs under src and test. The tests of rays cut planes
 * while they load, so that StrykerJS would run all of them for each mutant; with `ignoreStatic` those run that meet it in a test.
 */
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
      'guarantees/balls',
      'guarantees/bounds',
      'guarantees/linearBounds',
      'guarantees/sandwich',
      'guarantees/search',
      'guarantees/float32',
      'guarantees/rounding',
      'guarantees/terms',
    ],
  },
  rays: { src: ['regions/ray', 'regions/slice'], tests: ['regions'], ignoreStatic: true },
  theory: { src: ['theory'], tests: ['theory'] },
};
