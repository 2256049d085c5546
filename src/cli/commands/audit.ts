import { DATA_OPTIONS, MODEL_OPTIONS, noiseOptions, RESULT_OPTIONS, RUN_OPTIONS, WORK_OPTIONS } from '../args/options';
import type { Command } from '../command';

/** `audit`: is this model sure of itself where it should not be? */
export const audit: Command = {
  summary: 'is a saved model sure of itself where it should not be?',
  usage: 'audit <model.json | folder> [options]',
  about:
    'Loads a LayersModel or GraphModel, measures its confidence on noise, on noise that an attack has made as convincing as it can, and far away from all data, and says in words what is wrong and what to do. No data are needed; with --data the model is measured against them too.',
  options: {
    ...RESULT_OPTIONS,
    ...DATA_OPTIONS,
    ...noiseOptions({ samples: '1000', attacked: '200', attack: 'max-confidence', steps: '20, pgd 200' }),
    rays: { value: 'N', text: 'rays followed to infinity, for ReLU networks; 0 for none (default 100)' },
    ...MODEL_OPTIONS,
    ...WORK_OPTIONS,
    ...RUN_OPTIONS,
  },
  examples: [
    'audit model.json',
    'audit model.json --max-mmc 0.3',
    'audit model.json --bounds -1,1 --json audit.json --html audit.html',
  ],
  run: async (io, args) => (await import('../measure/measure')).measure(io, args, 'audit'),
};
