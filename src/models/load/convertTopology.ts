import {
  type Conversion,
  convertLayer,
  isObject,
  type Json,
  type LayerJson,
  plainConfig,
  refuseLayer,
} from './convertLayer';

/** A topology that tfjs-layers reads, and what was changed on the way that people should know. */
export interface ConvertedTopology {
  readonly topology: LayerJson;
  readonly notes: readonly string[];
}

/**
 * Puts the topology of a saved LayersModel into the words of tfjs-layers. Keras 3 writes `batch_shape`, types as objects, and
 * the places of a layer as `{ args, kwargs }` with tensors in them; tfjs 4.22 knows none of these.
 */
export function convertTopology(path: string, topology: Json): ConvertedTopology {
  const { model_config, keras_version } = topology;
  const model = isObject(model_config) ? model_config : topology;
  const notes: string[] = [];
  const keras3 = typeof keras_version === 'string' && Number.parseInt(keras_version, 10) >= 3;
  const converted = convertAny({ path, keras3, notes }, model, undefined);
  return { topology: converted, notes: [...new Set(notes)] };
}

function convertAny(conversion: Conversion, layer: Json, shape: unknown): LayerJson {
  const { class_name, config } = layer;
  if (typeof class_name !== 'string' || !(config instanceof Object))
    return refuseLayer(conversion, layer.name ?? 'of no name', 'without a class or settings');
  // Until Keras 2.2 the config of a Sequential was the list of its layers.
  const settings: Json = Array.isArray(config) ? { name: 'sequential', layers: config } : { ...config };
  if (!Array.isArray(settings.layers)) {
    const plain = plainConfig(conversion, settings);
    // Bidirectional and TimeDistributed hold a layer.
    const inner = isObject(settings.layer) ? { layer: convertAny(conversion, settings.layer, undefined) } : {};
    return convertLayer(conversion, { class_name, config: { ...plain, ...inner } });
  }
  if (class_name === 'Sequential') return convertSequential(conversion, settings, settings.layers, shape);
  return convertFunctional(conversion, class_name, settings, settings.layers);
}

function convertSequential(
  conversion: Conversion,
  config: Json,
  layers: readonly unknown[],
  shape: unknown,
): LayerJson {
  const { build_input_shape = shape, name } = config;
  const [first, ...others] = layers.map((layer) => convertAny(conversion, objectOf(conversion, layer), undefined));
  const open =
    first !== undefined && first.class_name !== 'InputLayer' && !('batch_input_shape' in innermost(first).config);
  const input = {
    class_name: 'InputLayer',
    config: { batch_input_shape: build_input_shape, dtype: 'float32', sparse: false, name: `${name}_input` },
  };
  const front = open && Array.isArray(build_input_shape) ? [input] : [];
  return {
    class_name: 'Sequential',
    config: { name, layers: [...front, ...(first === undefined ? [] : [first]), ...others] },
  };
}

/** The layer that the shape of a Sequential's input stands in: its first, or the first of that. */
function innermost(layer: LayerJson): LayerJson {
  const { layers } = layer.config;
  return Array.isArray(layers) && isLayer(layers[0]) ? innermost(layers[0]) : layer;
}

function isLayer(value: unknown): value is LayerJson {
  return isObject(value) && typeof value.class_name === 'string' && isObject(value.config);
}

function objectOf(conversion: Conversion, layer: unknown): Json {
  return isObject(layer) ? layer : refuseLayer(conversion, 'of no name', 'that is not an object');
}

/** A place where a layer takes a tensor: the layer that made it, which of its uses, and which of its outputs. */
type Reference = readonly [name: string, node: number, tensor: number];

function convertFunctional(
  conversion: Conversion,
  class_name: string,
  config: Json,
  layers: readonly unknown[],
): LayerJson {
  const objects = layers.map((layer) => objectOf(conversion, layer));
  // A model has a use before its first one in the words of tfjs and Keras 2: the one that made it.
  const models = new Set(objects.filter(({ config: own }) => isObject(own) && 'layers' in own).map(nameOf));
  const shifted = ([name, node, tensor]: Reference): Reference => [name, models.has(name) ? node + 1 : node, tensor];
  const refs = (value: unknown) => referencesIn(value).map(conversion.keras3 ? shifted : (ref) => ref);
  const converted = objects.map((layer) => {
    const name = nameOf(layer);
    const nodes = Array.isArray(layer.inbound_nodes) ? layer.inbound_nodes : [];
    if (!nodes.some(isObject)) return { ...operation(conversion, layer, nodes), name };
    const uses = nodes.map((node) => useOf(conversion, name, node));
    const made = arithmetic(conversion, layer, uses) ?? convertAny(conversion, layer, uses[0]?.tensors[0]?.shape);
    const inbound_nodes = uses.map(({ tensors, kwargs }) => tensors.map(({ from }) => [...shifted(from), kwargs]));
    return { ...made, name, inbound_nodes };
  });
  const { name, input_layers, output_layers } = config;
  return {
    class_name,
    config: { name, layers: converted, input_layers: refs(input_layers), output_layers: refs(output_layers) },
  };
}

function nameOf({ name, config }: Json): string {
  return String(name ?? (isObject(config) ? config.name : undefined));
}

/** References in a list, in a single one that is not wrapped in a list, or in an object of named ones. */
function referencesIn(value: unknown): Reference[] {
  if (isObject(value)) return Object.values(value).flatMap(referencesIn);
  if (!Array.isArray(value)) return [];
  const [name, node, tensor] = value;
  return typeof name === 'string' ? [[name, Number(node), Number(tensor)]] : value.flatMap(referencesIn);
}

/** A tensor of Keras 3: where it comes from, and its shape. */
interface TensorJson {
  readonly from: Reference;
  readonly shape: unknown;
}

/** One use of a layer: the tensors that it takes, numbers among its arguments, and what tfjs is to be told besides. */
interface Use {
  readonly tensors: readonly TensorJson[];
  readonly numbers: readonly number[];
  /** Whether the first argument is a number and not a tensor. */
  readonly numberFirst: boolean;
  readonly kwargs: Json;
}

function useOf(conversion: Conversion, name: string, node: unknown): Use {
  if (!isObject(node)) return refuseLayer(conversion, name, 'with uses of two kinds');
  const { inputs, ...kwargs } = isObject(node.kwargs) ? node.kwargs : {};
  const args = [...(Array.isArray(node.args) ? node.args : []), inputs]
    .flat()
    .filter((one) => one !== null && one !== undefined);
  const numbers = args.filter((one): one is number => typeof one === 'number');
  const tensors = args.map(tensorOf).filter((one) => one !== undefined);
  const strange = Object.entries(kwargs).find(
    ([key, value]) => value !== null && !(key === 'training' && value === false),
  );
  if (tensors.length + numbers.length < args.length || strange !== undefined)
    return refuseLayer(conversion, name, `that is given ${strange?.[0] ?? 'something else than tensors'}`);
  const { training } = kwargs;
  return { tensors, numbers, numberFirst: typeof args[0] === 'number', kwargs: training === false ? { training } : {} };
}

function tensorOf(value: unknown): TensorJson | undefined {
  if (!isObject(value) || value.class_name !== '__keras_tensor__' || !isObject(value.config)) return undefined;
  const { shape, keras_history: from } = value.config;
  if (!Array.isArray(from) || typeof from[0] !== 'string') return undefined;
  return { from: [from[0], Number(from[1]), Number(from[2])], shape };
}

/** Arithmetic of a tensor and a number, as `x / 127.5 - 1` before the layers writes it down, as Rescaling; otherwise undefined. */
function arithmetic(conversion: Conversion, layer: Json, uses: readonly Use[]): LayerJson | undefined {
  const numbers = uses.flatMap((use) => use.numbers);
  const [number] = numbers;
  if (number === undefined) return undefined;
  const scaling = numbers.length === 1 && uses.length === 1 ? RESCALING[String(layer.class_name)] : undefined;
  const [use] = uses as [Use, ...Use[]];
  if (scaling === undefined || use.tensors.length !== 1 || (use.numberFirst && !COMMUTES.has(String(layer.class_name))))
    return refuseLayer(conversion, nameOf(layer), `that computes ${layer.class_name} with a number`);
  return rescaling(nameOf(layer), scaling(number));
}

function rescaling(name: string, [scale, offset]: readonly [number, number]): LayerJson {
  return { class_name: 'Rescaling', config: { name, dtype: 'float32', scale, offset } };
}

/** What an operation with a number does, as scale and offset. */
const RESCALING: Readonly<Record<string, (number: number) => readonly [scale: number, offset: number]>> = {
  TrueDivide: (y) => [1 / y, 0],
  Divide: (y) => [1 / y, 0],
  Multiply: (y) => [y, 0],
  Subtract: (y) => [1, -y],
  Add: (y) => [1, y],
};
const COMMUTES = new Set(['Multiply', 'Add']);

/** The names that Keras 2 has for these operations. */
const FUNCTIONS: Readonly<Record<string, string>> = {
  'math.truediv': 'TrueDivide',
  'math.divide': 'Divide',
  'math.multiply': 'Multiply',
  'math.subtract': 'Subtract',
  'math.add': 'Add',
  '__operators__.add': 'Add',
};

/** A layer among those of Keras 2, which writes an operation with a number as a layer `TFOpLambda`. */
function operation(conversion: Conversion, layer: Json, inbound_nodes: readonly unknown[]): LayerJson & Json {
  if (layer.class_name !== 'TFOpLambda') return { ...convertAny(conversion, layer, undefined), inbound_nodes };
  const name = nameOf(layer);
  const written = isObject(layer.config) ? layer.config.function : undefined;
  const scaling = RESCALING[FUNCTIONS[String(written)] ?? ''];
  const [from] = referencesIn(inbound_nodes);
  const [call] = [inbound_nodes].flat(2).filter((one) => Array.isArray(one) || isObject(one));
  const given = Array.isArray(call) ? call[3] : call;
  const y = isObject(given) ? given.y : undefined;
  if (scaling === undefined || typeof y !== 'number' || from === undefined)
    return refuseLayer(conversion, name, `that computes ${written}`);
  return { ...rescaling(name, scaling(y)), inbound_nodes: [[[...from, {}]]] };
}
