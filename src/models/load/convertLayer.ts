import { registerNormalization } from '../../classifier/normalizationLayer';
import { refuse } from '../../core/check';
import { FN } from './place';

/** An object of JSON. */
export type Json = Readonly<Record<string, unknown>>;

/** A layer, or a model among layers, as Keras and tfjs write it. */
export interface LayerJson {
  readonly class_name: string;
  readonly config: Json;
}

/** Who asks, and where what is worth telling is collected. */
export interface Conversion {
  /** How the model is shown to people. */
  readonly path: string;
  /** Whether Keras 3 has written it. */
  readonly keras3: boolean;
  readonly notes: string[];
}

/** Whether a value is an object of JSON and not a list. */
export function isObject(value: unknown): value is Json {
  return value !== null && typeof value === 'object' && !Array.isArray(value);
}

/** Refuses something that tfjs-layers would compute otherwise than Keras, or not at all. */
export function refuseLayer({ path }: Conversion, name: unknown, what: string): never {
  refuse(
    { fn: FN, argument: path },
    'UNSUPPORTED_MODEL',
    'a model of layers that TensorFlow.js computes as Keras does',
    `a layer ${JSON.stringify(name)} ${what}`,
    'Convert the model to a GraphModel (`tensorflowjs_converter --output_format=tfjs_graph_model`), which has every operation of its own.',
  );
}

/** What only training uses: in use these layers give back what they are given. */
const ONLY_TRAINING =
  /^(?:Random(?:Flip|Rotation|Zoom|Translation|Contrast|Brightness|Shear|Hue|Saturation|Sharpness|ColorJitter|ColorDegeneration|Grayscale|Erasing|Posterization|Invert|GaussianBlur|Perspective|ElasticTransform|Height|Width)|SpatialDropout[23]D|ActivityRegularization)$/;

/** One layer in the words of tfjs-layers; `config` has been through {@link plainConfig}. */
export function convertLayer(conversion: Conversion, { class_name, config }: LayerJson): LayerJson {
  const refuseThis = (what: string) => refuseLayer(conversion, config.name, what);
  if (ONLY_TRAINING.test(class_name)) {
    conversion.notes.push(`${class_name}, which changes inputs in training alone, was left out`);
    return { class_name: 'Activation', config: { ...basics(config), activation: 'linear' } };
  }
  if (class_name === 'LeakyReLU') {
    const { negative_slope, ...rest } = config;
    return { class_name, config: negative_slope === undefined ? rest : { ...rest, alpha: negative_slope } };
  }
  if (class_name === 'ReLU') return convertRelu(config, refuseThis);
  if (class_name === 'Normalization') return convertNormalization(config, refuseThis);
  if (class_name === 'Activation' && config.activation === 'leaky_relu')
    return { class_name: 'LeakyReLU', config: { ...basics(config), alpha: 0.2 } };
  if (config.activation === 'leaky_relu') return refuseThis('with the activation leaky_relu inside');
  if (Number(config.groups ?? 1) !== 1) return refuseThis(`with ${config.groups} groups of channels`);
  if (class_name === 'DepthwiseConv2D' && [config.dilation_rate].flat().some((rate) => Number(rate ?? 1) !== 1))
    return refuseThis('with dilation');
  if (/^Global\w+Pooling/.test(class_name) && config.keepdims === true)
    return refuseThis('that keeps its axes (keepdims)');
  if (config.rms_scaling === true) return refuseThis('with rms_scaling');
  return { class_name, config };
}

function basics({ name, trainable, dtype, batch_input_shape }: Json): Json {
  const kept = { name, trainable, dtype, batch_input_shape };
  return Object.fromEntries(Object.entries(kept).filter(([, value]) => value !== undefined));
}

/** tfjs's ReLU knows a largest value and nothing else. */
function convertRelu(config: Json, refuseThis: (what: string) => never): LayerJson {
  const { max_value, negative_slope, threshold, ...rest } = config;
  const [slope, from] = [Number(negative_slope ?? 0), Number(threshold ?? 0)];
  const capped = max_value !== undefined && max_value !== null;
  if (slope === 0 && from === 0) return { class_name: 'ReLU', config: capped ? { ...rest, max_value } : rest };
  if (from === 0 && !capped) return { class_name: 'LeakyReLU', config: { ...rest, alpha: slope } };
  if (slope === 0 && !capped) return { class_name: 'ThresholdedReLU', config: { ...rest, theta: from } };
  return refuseThis('with a slope or threshold of its own');
}

/** With a mean and a variance in its settings it is a Rescaling; otherwise these are its weights. */
function convertNormalization(config: Json, refuseThis: (what: string) => never): LayerJson {
  const [mean, variance] = [config.mean, config.variance].map((value) => [value ?? []].flat(9).map(Number));
  if (config.invert === true) return refuseThis('that inverts a normalisation');
  if (mean!.length === 1 && variance!.length === 1) {
    const scale = 1 / Math.max(Math.sqrt(variance![0]!), 1e-7);
    return { class_name: 'Rescaling', config: { ...basics(config), scale, offset: -mean![0]! * scale } };
  }
  const [axis, ...more] = [config.axis].flat();
  if (mean!.length > 0 || more.length > 0 || typeof axis !== 'number')
    return refuseThis('that normalises otherwise than by its weights over the last axis');
  registerNormalization();
  return { class_name: 'Normalization', config: basics(config) };
}

/** What Keras writes for itself, or what only training that is over has used. */
const DROPPED = new Set([
  'module',
  'registered_name',
  'build_config',
  'shared_object_id',
  'synchronized',
  'autocast',
  'quantization_config',
]);

/**
 * The settings of a layer as plain values: types, activations and constraints by their names. Initializers are zeros, since
 * the weights are in the file and some take long to draw.
 */
export function plainConfig(conversion: Conversion, config: Json): Json {
  const plain: Record<string, unknown> = {};
  for (const [key, value] of Object.entries(config)) {
    if (DROPPED.has(key)) continue;
    if (key === 'batch_shape') plain.batch_input_shape = value;
    else if (key === 'dtype') plain.dtype = typeOf(value);
    else if (key.endsWith('_initializer')) plain[key] = { class_name: 'Zeros', config: {} };
    else if (key.endsWith('_regularizer')) plain[key] = regularizer(conversion, config.name, value);
    else if (key.endsWith('_constraint')) plain[key] = isObject(value) ? nameAndConfig(value) : value;
    else if (key === 'activation' || key === 'recurrent_activation')
      plain[key] = activation(conversion, config.name, value);
    else plain[key] = arrayOf(value);
  }
  return plain;
}

/** A type by its name. Weights of mixed precision are float32 in the file, and so is the arithmetic here. */
function typeOf(value: unknown): unknown {
  const name = isObject(value) && isObject(value.config) ? value.config.name : value;
  return typeof name === 'string' && (name.startsWith('mixed_') || name === 'bfloat16') ? 'float32' : name;
}

/** An array of NumPy as Keras 3 wraps it. */
function arrayOf(value: unknown): unknown {
  return isObject(value) && value.class_name === '__numpy__' && isObject(value.config) ? value.config.value : value;
}

function nameAndConfig({ class_name, config }: Json): Json {
  return { class_name, config };
}

function regularizer({ notes }: Conversion, layer: unknown, value: unknown): unknown {
  if (!isObject(value) || !isObject(value.config)) return value;
  const { l1 = 0, l2 = 0 } = value.config;
  if (/^L(?:1|2|1L2)$/i.test(String(value.class_name))) return { class_name: 'L1L2', config: { l1, l2 } };
  notes.push(`the regularizer ${value.class_name} of ${layer}, which only training uses, was left out`);
  return null;
}

/** Activations that tfjs calls otherwise. */
const RENAMED: Readonly<Record<string, string>> = { silu: 'swish' };

function activation(conversion: Conversion, layer: unknown, value: unknown): unknown {
  const name = isObject(value) ? (typeof value.config === 'string' ? value.config : value.class_name) : value;
  if (typeof name !== 'string') return name;
  // Keras 3 has relu6(x + 3) / 6 under this name, Keras 2 and tfjs clip(0.2 x + 0.5).
  if (conversion.keras3 && name === 'hard_sigmoid')
    return refuseLayer(conversion, layer, 'with the hard_sigmoid of Keras 3');
  return RENAMED[name] ?? name;
}
