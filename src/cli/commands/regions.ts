import { DATA_OPTIONS, MODEL_OPTIONS, WORK_OPTIONS } from '../args/options';
import type { Command } from '../command';

/** `regions`: a picture of the linear regions. */
export const regions: Command = {
  summary: 'draws the linear regions of a ReLU network in a plane, with the confidence inside',
  usage: 'regions <model.json | folder> [options]',
  about:
    'Draws a plane through its inputs: all of them for a model with two inputs, otherwise the plane through three images, which are noise without --data. Where the regions are too many, or cannot be known, the confidence is drawn without them.',
  options: {
    svg: { value: 'FILE', text: 'the picture (default regions.svg)' },
    box: {
      value: 'LOW,HIGH',
      text: 'part of the plane, in both directions (default -1,2 with the three images at 0 and 1, or the bounds)',
    },
    colour: { value: 'WHAT', text: 'confidence, or infinity: the class far away (default confidence)' },
    'max-regions': {
      value: 'N',
      text: 'with more regions, draw the confidence alone, at 100 x 100 points (default 20000)',
    },
    ...DATA_OPTIONS,
    ...MODEL_OPTIONS,
    ...WORK_OPTIONS,
  },
  examples: ['regions model.json', 'regions model.json --data digits --box -10,10 --svg far.svg'],
  run: async (io, args) => (await import('../regions/regions')).regions(io, args),
};
