/** An option of a command, as `--help` shows it. */
export interface OptionSpec {
  /** What follows the name, for example `FILE`; an option without it is a switch. */
  readonly value?: string;
  /** What it does, with its default. */
  readonly text: string;
  /** Whether it may be given several times. */
  readonly multiple?: boolean;
}

/** The options of a command by their names, in the order of the help. */
export type OptionTable = Readonly<Record<string, OptionSpec>>;

/** The values of options as they were written: true for a switch, a list for one that may come several times. */
export type Values = Readonly<Record<string, string | boolean | readonly (string | boolean)[] | undefined>>;

/** How a model is read. */
export const MODEL_OPTIONS: OptionTable = {
  bounds: {
    value: 'LOW,HIGH',
    text: 'the box that inputs lie in, for example -1,1 (default: what the model tells, else 0,1)',
  },
  outputs: {
    value: 'KIND',
    text: 'what the model returns: auto, logits, probabilities, sigmoid (one unit for two classes) or sigmoids (one for each class; default auto)',
  },
  output: { value: 'NAME', text: 'the output that tells the classes, of a model with several' },
  image: {
    value: 'yes|no',
    text: 'whether inputs HxWxC or HxW are images, whose neighbouring values belong together (default yes, unless the first layer reads HxW as a sequence)',
  },
  'input-shape': { value: 'SIZES', text: 'shape of one input, for a model that leaves it open, for example 32,32,3' },
};

/** How the work is done. */
export const WORK_OPTIONS: OptionTable = {
  backend: { value: 'NAME', text: 'wasm, cpu, webgpu or node (default: wasm where it is installed, otherwise cpu)' },
  memory: {
    value: 'SIZE',
    text: 'memory for what the model computes, such as 500MB or 2GB; batches are cut to it (default half of what the machine has, 2 GB on wasm)',
  },
  seed: { value: 'SEED', text: 'seed of all random numbers (default 0)' },
  progress: { text: 'show progress on stderr although it is not a terminal' },
};

/** How a long run is shared out and stopped. */
export const RUN_OPTIONS: OptionTable = {
  quick: {
    text: 'a first look: a tenth of the images, or fewer, and wider error bars; less than a minute for small models',
  },
  workers: {
    value: 'N',
    text: 'worker threads that attack and classify, for a LayersModel on wasm or cpu; 0 for none (default auto: one for each core where the work is long)',
  },
  shard: { value: 'K/N', text: 'do only part K of N, from 1, and write it to --json FILE for `merge`' },
  checkpoint: {
    value: 'FILE',
    text: 'where Ctrl-C keeps what is done (default: a file named after the run, in this folder)',
  },
};

/** Where results go, and when the program fails. */
export const RESULT_OPTIONS: OptionTable = {
  'max-mmc': {
    value: 'SHARE',
    text: 'exit with 1 if the mean confidence on any row of noise is above this, such as 0.3',
  },
  json: { value: 'FILE', text: 'write the result as JSON; - for stdout, and nothing else there' },
  html: { value: 'FILE', text: 'write a report with pictures: one file, which needs no network' },
};

/** Labelled images of the data that the model was made for. */
export const DATA_OPTIONS: OptionTable = {
  data: {
    value: 'FOLDER',
    text: 'labelled images: a folder of JPEG, PNG or WebP files per class, IDX files, or x.npy with y.npy',
  },
  part: { value: 'NAME', text: 'part of the data where it has several, such as test or train (default test)' },
  resize: {
    value: 'HOW',
    text: 'what becomes of image files of another size: cover (the middle is cut out, as Teachable Machine does), contain (black bars) or stretch (default cover)',
  },
};

/** What else is told apart from the data, and the columns of attacks and bounds. */
export const COLUMN_OPTIONS: OptionTable = {
  ood: {
    value: 'FOLDER',
    text: 'images of another kind, for a row of their own; may be given several times',
    multiple: true,
  },
  near: {
    value: 'FOLDER',
    text: 'the same, of images that are near to the data; near and far sets then have means of their own',
    multiple: true,
  },
  'attacked-out': {
    value: 'N',
    text: 'images of every row of noise and other data that are attacked (AAUC), and bounded where the network can be read (GAUC); needs --data or --ood to say much (default 0; 100 with --protocol worst-case)',
  },
  certified: {
    value: 'N',
    text: 'how many of them are bounded; 0 for none (default as many, or fewer for large networks)',
  },
  method: { value: 'NAME', text: 'the bound: interval, or crown, which is tighter and slower (default interval)' },
  protocol: {
    value: 'NAME',
    text: 'paper, or worst-case: for each image the strongest of max-confidence, AutoPGD from 5 starts and a transfer attack, 500 steps, on noise, other data and your data (default paper)',
  },
  transfer: { value: 'MODEL', text: 'a second model, for the transfer attack of --protocol worst-case' },
};

/** How noise is drawn and attacked; `how` are the defaults, which commands choose for themselves. */
export function noiseOptions(how: { samples: string; attacked: string; attack: string; steps: string }): OptionTable {
  return {
    samples: { value: 'N', text: `images of each kind of noise (default ${how.samples})` },
    attacked: { value: 'N', text: `images attacked; 0 for none (default ${how.attacked})` },
    attack: { value: 'NAME', text: `max-confidence, or pgd as in the paper (default ${how.attack})` },
    epsilon: { value: 'E', text: 'radius of the attack, in input units (default 0.3 of the width of the bounds)' },
    steps: { value: 'N', text: `steps of the attack (default ${how.steps})` },
  };
}
