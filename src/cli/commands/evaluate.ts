import { DATA_OPTIONS, MODEL_OPTIONS, noiseOptions, RESULT_OPTIONS, RUN_OPTIONS, WORK_OPTIONS } from '../args/options';
import type { Command } from '../command';

/** `evaluate`: Table 1 of the paper for one model. */
export const evaluate: Command = {
  summary: 'measures a saved model as Table 1 of the paper does, on your data',
  usage: 'evaluate <model.json | folder> --data FOLDER [options]',
  about:
    'Measures test error and confidence on labelled data, how well confidence tells these from other data (--ood), from the noise of the paper and from noise that an attack has made convincing, and how sure the model is of images that an attack has changed.',
  options: {
    ...DATA_OPTIONS,
    ood: {
      value: 'FOLDER',
      text: 'images of another kind, for a row of their own; may be given several times',
      multiple: true,
    },
    ...RESULT_OPTIONS,
    ...noiseOptions({ samples: 'as many as data', attacked: '1000', attack: 'pgd', steps: 'noise 200, data 80' }),
    ...MODEL_OPTIONS,
    ...WORK_OPTIONS,
    ...RUN_OPTIONS,
  },
  examples: [
    'evaluate model.json --data mnist',
    'evaluate model.json --data mnist --ood emnist --ood fashion-mnist --workers 8 --json table1.json',
  ],
  run: async (io, args) => (await import('../measure/measure')).measure(io, args, 'evaluate'),
};
