import {
  COLUMN_OPTIONS,
  DATA_OPTIONS,
  MODEL_OPTIONS,
  noiseOptions,
  type OptionSpec,
  RESULT_OPTIONS,
  RUN_OPTIONS,
  WORK_OPTIONS,
} from './args/options';
import type { Command } from './command';

const AUDIT_NOISE = {
  samples: '1000, fewer for very large networks',
  attacked: '200, fewer likewise',
  attack: 'max-confidence',
  steps: '20, pgd 200',
};
const RAYS_OPTION: OptionSpec = {
  value: 'N',
  text: 'rays followed to infinity, for ReLU networks; 0 for none (default 100, fewer for large networks)',
};

/** `audit`: is this model sure of itself where it should not be? */
const audit: Command = {
  summary: 'is a saved model sure of itself where it should not be?',
  usage: 'audit <model.json | folder> [options]',
  about:
    'Loads a LayersModel or GraphModel, measures its confidence on noise, on noise that an attack has made as convincing as it can, and far away from all data, and says in words what is wrong and what to do. No data are needed; with --data the model is measured against them too.',
  options: {
    ...RESULT_OPTIONS,
    ...DATA_OPTIONS,
    ...COLUMN_OPTIONS,
    ...noiseOptions(AUDIT_NOISE),
    rays: RAYS_OPTION,
    ...MODEL_OPTIONS,
    ...WORK_OPTIONS,
    ...RUN_OPTIONS,
  },
  examples: [
    'audit model.json',
    'audit model.json --max-mmc 0.3',
    'audit model.json --bounds -1,1 --json audit.json --html audit.html',
    'audit model.json --data digits --ood letters --attacked-out 100',
  ],
  run: async (io, args) => (await import('./measure/measure')).measure(io, args, 'audit'),
};

/** `evaluate`: Table 1 of the paper for one model. */
const evaluate: Command = {
  summary: 'measures a saved model as Table 1 of the paper does, on your data',
  usage: 'evaluate <model.json | folder> --data FOLDER [options]',
  about:
    'Measures test error and confidence on labelled data, how well confidence tells these from other data (--ood), from the noise of the paper and from noise that an attack has made convincing, and how sure the model is of images that an attack has changed.',
  options: {
    ...DATA_OPTIONS,
    ...COLUMN_OPTIONS,
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
  run: async (io, args) => (await import('./measure/measure')).measure(io, args, 'evaluate'),
};

/** `compare`: which of several models is less sure where it should not be? */
const compare: Command = {
  summary: 'which of several models is less sure where it should not be, and what does it cost?',
  usage: 'compare <model> <model> ... [options]',
  about:
    'Audits two models or more with the same draws and the same attacks, and says which is less sure of itself on noise, on attacked noise and far away, with intervals of 95 %: all are compared with the first. With --data it says what that costs in accuracy, with --ood it compares them on other images too.',
  options: {
    json: RESULT_OPTIONS.json!,
    html: RESULT_OPTIONS.html!,
    ...DATA_OPTIONS,
    ood: COLUMN_OPTIONS.ood!,
    ...noiseOptions(AUDIT_NOISE),
    rays: RAYS_OPTION,
    ...MODEL_OPTIONS,
    ...WORK_OPTIONS,
    quick: RUN_OPTIONS.quick!,
    workers: RUN_OPTIONS.workers!,
  },
  examples: ['compare before after --quick', 'compare plain ceda acet --data mnist --html compared.html'],
  run: async (io, args) => (await import('./compare/compare')).compare(io, args),
};

/** `train`: fine-tunes a saved model. */
const train: Command = {
  summary: 'fine-tunes a saved model with ACET or CEDA, so that it is unsure where it should be',
  usage: 'train <model.json | folder> --data FOLDER --out FOLDER [options]',
  about:
    'Loads a model, trains it further on labelled images and on the worst points near noise (acet) or on noise (ceda), and saves it in the format of TensorFlow.js. A part of the data is held out: on it the model is measured before, on the way and after, the best weights are kept, and a model that is not better is not saved (exit code 1). Ctrl-C keeps a checkpoint in the folder of --out; the same command then goes on and ends with the same weights as if it had never been stopped.',
  options: {
    ...DATA_OPTIONS,
    part: { value: 'NAME', text: 'part of the data where it has several, such as test or train (default train)' },
    out: { value: 'FOLDER', text: 'where model.json and weights.bin are written' },
    method: { value: 'NAME', text: 'acet, ceda or plain (default acet)' },
    layers: { value: 'WHICH', text: "what learns: all, head (the dense layers at the end) or 'last N' (default all)" },
    validation: {
      value: 'WHAT',
      text: 'what is measured and never trained on: a folder, another part of the data such as test, or a share of them (default 0.2, at most 2000 images)',
    },
    tolerance: {
      value: 'POINTS',
      text: 'how far the error may rise, in percentage points, beyond its error bar (default 0.5)',
    },
    force: { text: 'save the model also where it is no better' },
    updates: {
      value: 'N',
      text: 'updates of the weights, at the most; it stops when nothing is gained (default 1000)',
    },
    epochs: { value: 'N', text: 'the same in passes over the data (plain: default 10)' },
    'batch-size': { value: 'N', text: 'images per update (default 256; plain: 128)' },
    'learning-rate': { value: 'RATE', text: 'of Adam (default 0.001)' },
    lambda: { value: 'L', text: 'weight of the loss on noise (default 0.3)' },
    matching: {
      value: 'SHARE',
      text: 'share of the images that are mixtures of two, labelled by what the model answered before (default 0.5)',
    },
    epsilon: { value: 'E', text: 'radius of the attack, in input units (default 0.3 of the width of the bounds)' },
    steps: { value: 'N', text: 'steps of the attack (default 5)' },
    ...MODEL_OPTIONS,
    ...WORK_OPTIONS,
  },
  examples: [
    'train model.json --data digits --out tuned',
    'train model.json --data photos --out tuned --layers head --validation photos-new',
  ],
  run: async (io, args) => (await import('./train/train')).train(io, args),
};

/** `unknown`: a classifier that says so when it does not know. */
const unknown: Command = {
  summary: 'makes a classifier that says "unknown", from photographs of its task',
  usage: 'unknown <model.json | folder> --data FOLDER [options]',
  about:
    'Learns from photographs of what the model was made for, which need no labels, how to tell them from anything else, and chooses a threshold that keeps them. No other images are needed: the score is chosen by how well it tells photographs that were held out from photographs that were destroyed. Prints what would be refused, and writes unknown.json, which restoreUnknown of relu-overconfidence/detectors takes, and the page unknown.html.',
  options: {
    ...DATA_OPTIONS,
    part: { value: 'NAME', text: 'part of the data where it has several, such as test or train (default train)' },
    out: { value: 'FOLDER', text: 'where unknown.json and unknown.html are written (default: beside the model)' },
    keep: {
      value: 'SHARE',
      text: 'share of photographs like these that is to be kept, with a certainty of 95 % (default 0.95)',
    },
    ood: {
      value: 'FOLDER',
      text: 'images of something else, to see how many are refused; may be given several times',
      multiple: true,
    },
    ...MODEL_OPTIONS,
    ...WORK_OPTIONS,
  },
  examples: [
    'unknown model.json --data photos',
    'unknown model.zip --data photos --ood other-photos --out guard --keep 0.9',
  ],
  run: async (io, args) => (await import('./unknown/unknown')).unknown(io, args),
};

/** `regions`: a picture of the linear regions. */
const regions: Command = {
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
  run: async (io, args) => (await import('./regions/regions')).regions(io, args),
};

/** `certify`: what no attack can exceed. */
const certify: Command = {
  summary: 'proves how sure a ReLU network can be made near noise, whatever the attack',
  usage: 'certify <model.json | folder> [options]',
  about:
    'Computes for noise, and for images of --data, an upper bound on the confidence at every point within --epsilon of them: no attack can reach more. Beside it stands what an attack does reach. Takes a LayersModel made of piecewise linear layers. The bounds of large networks are loose unless epsilon is small.',
  options: {
    epsilon: { value: 'E', text: 'radius, in input units (default 0.01 of the width of the bounds)' },
    samples: { value: 'N', text: 'images of each row (default 20)' },
    method: { value: 'NAME', text: 'crown, or interval: faster and looser (default crown)' },
    seconds: { value: 'S', text: 'how long each maximum is searched for after crown (default 10; 0: not at all)' },
    'max-mmc': { value: 'SHARE', text: 'exit with 1 if the mean bound on noise is above this' },
    json: RESULT_OPTIONS.json!,
    ...DATA_OPTIONS,
    ...MODEL_OPTIONS,
    ...WORK_OPTIONS,
  },
  examples: ['certify model.json', 'certify model.json --epsilon 0.05 --samples 100 --max-mmc 0.3'],
  run: async (io, args) => (await import('./certify/certify')).certify(io, args),
};

/** `merge`: one result of all shards. */
const merge: Command = {
  summary: 'makes one result of the parts that --shard has made',
  usage: 'merge <part.json> ... [options]',
  about:
    'Joins the files that `audit` or `evaluate` has written with --shard K/N --json FILE. The result is the one that a single run would have had, to the last byte. The model is not needed.',
  options: RESULT_OPTIONS,
  examples: ['merge part-*.json', 'merge part-*.json --max-mmc 0.3 --json audit.json --html audit.html'],
  run: async (io, args) => (await import('./measure/measure')).merge(io, args),
};

/** All commands by their names, in the order of the help. */
export const commands: ReadonlyMap<string, Command> = new Map(
  Object.entries({ audit, compare, evaluate, train, unknown, regions, certify, merge }),
);
