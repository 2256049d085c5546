import { DATA_OPTIONS, MODEL_OPTIONS, WORK_OPTIONS } from '../args/options';
import type { Command } from '../command';

/** `train`: fine-tunes a saved model. */
export const train: Command = {
  summary: 'fine-tunes a saved model with CEDA or ACET, so that it is unsure where it should be',
  usage: 'train <model.json | folder> --data FOLDER --out FOLDER [options]',
  about:
    'Loads a LayersModel, trains it further on labelled images and on noise (ceda) or the worst points near noise (acet), and saves it in the format of TensorFlow.js. Ctrl-C keeps a checkpoint in the folder of --out; the same command then goes on and ends with the same weights as if it had never been stopped.',
  options: {
    ...DATA_OPTIONS,
    part: { value: 'NAME', text: 'part of the data where it has several, such as test or train (default train)' },
    out: { value: 'FOLDER', text: 'where model.json and weights.bin are written' },
    method: { value: 'NAME', text: 'acet, ceda or plain (default acet)' },
    epochs: { value: 'N', text: 'passes over the data (default 10)' },
    'batch-size': { value: 'N', text: 'images per step (default 128)' },
    'learning-rate': { value: 'RATE', text: 'of Adam, divided by 10 at 50, 75 and 90 % of the epochs (default 0.001)' },
    lambda: { value: 'L', text: 'weight of the loss on noise (default 1)' },
    epsilon: { value: 'E', text: 'radius of the attack, in input units (default 0.3 of the width of the bounds)' },
    steps: { value: 'N', text: 'steps of the attack (default 40)' },
    ...MODEL_OPTIONS,
    ...WORK_OPTIONS,
  },
  examples: [
    'train model.json --data digits --out tuned',
    'train model.json --data digits --out tuned --method ceda --epochs 5',
  ],
  run: async (io, args) => (await import('../train/train')).train(io, args),
};
