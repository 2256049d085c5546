import { DATA_OPTIONS, MODEL_OPTIONS, RESULT_OPTIONS, WORK_OPTIONS } from '../args/options';
import type { Command } from '../command';

/** `certify`: what no attack can exceed. */
export const certify: Command = {
  summary: 'proves how sure a ReLU network can be made near noise, whatever the attack',
  usage: 'certify <model.json | folder> [options]',
  about:
    'Computes for noise, and for images of --data, an upper bound on the confidence at every point within --epsilon of them: no attack can reach more. Beside it stands what an attack does reach. Takes a LayersModel made of piecewise linear layers. The bounds of large networks are loose unless epsilon is small.',
  options: {
    epsilon: { value: 'E', text: 'radius, in input units (default 0.01 of the width of the bounds)' },
    samples: { value: 'N', text: 'images of each row (default 20)' },
    method: { value: 'NAME', text: 'crown, or interval: faster and looser (default crown)' },
    'max-mmc': { value: 'SHARE', text: 'exit with 1 if the mean bound on noise is above this' },
    json: RESULT_OPTIONS.json!,
    ...DATA_OPTIONS,
    ...MODEL_OPTIONS,
    ...WORK_OPTIONS,
  },
  examples: ['certify model.json', 'certify model.json --epsilon 0.05 --samples 100 --max-mmc 0.3'],
  run: async (io, args) => (await import('../certify/certify')).certify(io, args),
};
