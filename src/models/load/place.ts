import { refuse } from '../../core/check';

/** Where the files of one model lie: a folder, an archive, a list of files or a server. */
export interface ModelPlace {
  /** How `model.json` is shown to people. */
  readonly path: string;
  /** Its name, beside which the other files are looked for. */
  readonly json: string;
  /** Whether it is a server, whose answer that a file is not there shows up in the console of a browser. */
  readonly remote: boolean;
  /**
   * Reads a file beside `model.json`, or in a folder there; undefined where there is none.
   *
   * @param limit - The file is refused before it is read if it has more bytes.
   */
  readonly read: (name: string, limit: number) => Promise<Uint8Array | undefined>;
}

/** Who refuses, and what to do where no better is known. */
export const FN = 'loadModel';
export const SAVE = "Save the model with `model.save('file://folder')` or convert it with `tensorflowjs_converter`.";
export const COPY = 'Copy or save the model again.';

/** The model of which a file is, in words, where the name or the first bytes of the file tell that it is not of TensorFlow.js. */
export function refuseForeign(path: string, what: string): never {
  refuse(
    { fn: FN, argument: path },
    'UNSUPPORTED_MODEL',
    'a model in the format of TensorFlow.js',
    what,
    `${WAYS[what] ?? `Convert it with ${CONVERT}`}. Teachable Machine exports the format itself, under "Tensorflow.js".`,
  );
}

const CONVERT = '`tensorflowjs_converter` (https://www.tensorflow.org/js/guide/conversion)';
const ORIGIN = `Take the Keras model or the SavedModel that it was made from, and convert that with ${CONVERT}`;
const ONNX = `make a SavedModel of it with \`onnx2tf\`, and convert that with ${CONVERT}`;

/** What to do about models that the converter does not read. */
const WAYS: Readonly<Record<string, string>> = {
  'a file of TensorFlow Lite': ORIGIN,
  'a file of Core ML': ORIGIN,
  'a file of safetensors': ORIGIN,
  'a file of ONNX': `First ${ONNX}`,
  'a file of PyTorch': `First export the network with \`torch.onnx.export\`, then ${ONNX}`,
};

/** Endings by which models of other kinds are known. */
const ENDINGS: Readonly<Record<string, string>> = {
  h5: 'a file of Keras',
  hdf5: 'a file of Keras',
  keras: 'a file of Keras',
  pb: 'a SavedModel of TensorFlow',
  ckpt: 'a checkpoint of TensorFlow',
  tflite: 'a file of TensorFlow Lite',
  onnx: 'a file of ONNX',
  pt: 'a file of PyTorch',
  pth: 'a file of PyTorch',
  safetensors: 'a file of safetensors',
  mlmodel: 'a file of Core ML',
};

/** What kind of foreign model a file name tells of. */
export function foreignName(name: string): string | undefined {
  return ENDINGS[/\.(\w+)$/.exec(name)?.[1]?.toLowerCase() ?? ''];
}

/** What kind of foreign model the first bytes of a file tell of. */
export function foreignBytes(bytes: Uint8Array): string | undefined {
  const text = String.fromCharCode(...bytes.subarray(0, 8));
  if (text.startsWith('\x89HDF')) return 'a file of Keras (HDF5)';
  if (text.slice(4) === 'TFL3') return 'a file of TensorFlow Lite';
  return undefined;
}

/** Refuses a name that does not lie beside `model.json` or in a folder there: nothing else is read, whatever a model asks for. */
export function checkInside(place: string, name: string): void {
  const parts = name.split(/[\\/]/);
  if (name === '' || /^[a-z][\w+.-]*:/i.test(name) || parts[0] === '' || parts.includes('..') || name.includes('\0'))
    refuseOutside(place, name);
}

/** The refusal of {@link checkInside}, for places that see more than the name. */
export function refuseOutside(place: string, name: string): never {
  refuse(
    { fn: FN, argument: place },
    'INVALID_DATA',
    'a model whose files lie beside its model.json',
    `one that asks for ${JSON.stringify(name)}, which is outside`,
    'Do not trust this model; if it is your own, put all its files into one folder and name them in it.',
  );
}

/** Refuses a file that is larger than anything it may be. */
export function refuseLarge(path: string, bytes: number, limit: number): never {
  refuse(
    { fn: FN, argument: path },
    'INVALID_DATA',
    `at most ${limit} bytes`,
    Number.isFinite(bytes) ? `${bytes}` : 'more',
    COPY,
  );
}

/** The one file of a list that is the model: `model.json`, or the only one that ends in `.json`; nearest to the top. */
export function findJson(place: string, names: readonly string[]): string {
  const depth = (name: string) => name.split('/').length;
  const isJson = (name: string) =>
    /\.json$/i.test(name) && !/(^|\/)(?:metadata|config|package|tsconfig)\.json$/i.test(name);
  const called = names.filter((name) => /(^|\/)model\.json$/i.test(name));
  const found = called.length > 0 ? called : names.filter(isJson);
  const top = Math.min(...found.map(depth));
  const [first, ...more] = found.filter((name) => depth(name) === top);
  if (first !== undefined && more.length === 0) return first;
  const other = names.map(foreignName).find((kind) => kind !== undefined);
  if (first === undefined && other !== undefined) refuseForeign(place, other);
  refuse(
    { fn: FN, argument: place },
    'INVALID_ARGUMENT',
    'a place with one model.json',
    first === undefined
      ? names.length === 0
        ? 'an empty one'
        : 'one without'
      : `one with ${[first, ...more].map((name) => JSON.stringify(name)).join(', ')}`,
    first === undefined ? SAVE : 'Pass the one that is the model.',
  );
}
