import * as tf from '@tensorflow/tfjs-core';

// biome-ignore lint/suspicious/noExplicitAny: the JSON of a stranger, read without help of the library.
type Any = any;
type Json = Record<string, Any>;

/**
 * What the JSON of a Keras 3 model says, read by itself and computed by plain operations of tfjs, without tfjs-layers.
 *
 * @param weights - By their names in the manifest; a weight is the only one that ends in its layer's name and its own.
 */
export function computeKeras(model: Json, weights: ReadonlyMap<string, tf.Tensor>, x: tf.Tensor): tf.Tensor {
  const { layers, input_layers, output_layers } = model.config;
  const within = new Map([...weights].filter(([name]) => name.split('/').includes(model.config.name)));
  const endOf = (name: string) => name.split('/').slice(-2).join('/');
  const ends = new Set([...within.keys()].map(endOf));
  // Of weights of one name those that name this model are its own.
  const own = new Map([...weights].filter(([name]) => within.has(name) || !ends.has(endOf(name))));
  if (model.class_name === 'Sequential') {
    let value = x;
    for (const layer of layers)
      value = layer.config.layers ? computeKeras(layer, own, value) : compute(layer, [value], own);
    return value;
  }
  const made = new Map<string, tf.Tensor[]>();
  const [input] = [input_layers].flat(2);
  made.set(input, [x]);
  const tensorsIn = (value: Any): Any[] =>
    value?.class_name === '__keras_tensor__'
      ? [made.get(value.config.keras_history[0])![value.config.keras_history[1]]]
      : Array.isArray(value)
        ? value.flatMap(tensorsIn)
        : typeof value === 'number'
          ? [value]
          : [];
  for (const layer of layers)
    for (const node of layer.inbound_nodes) {
      const given = tensorsIn([node.args, node.kwargs.inputs]);
      const value = layer.config.layers ? computeKeras(layer, own, given[0]) : compute(layer, given, own);
      made.set(layer.name, [...(made.get(layer.name) ?? []), value]);
    }
  const [name, node] = [output_layers].flat(Number.POSITIVE_INFINITY) as [string, number];
  return made.get(name)![node]!;
}

function compute({ class_name, config }: Json, given: Any[], weights: ReadonlyMap<string, tf.Tensor>): tf.Tensor {
  const [x, other] = given;
  const w = (name: string) => {
    const end = `${config.name}/${name}`;
    const found = [...weights].filter(([key]) => key === end || key.endsWith(`/${end}`));
    if (found.length !== 1) throw new Error(`${found.length} weights are called ${end}`);
    return found[0]![1] as tf.Tensor4D;
  };
  const biased = (value: tf.Tensor) => act(config.activation, config.use_bias ? tf.add(value, w('bias')) : value);
  switch (class_name) {
    case 'InputLayer':
    case 'Dropout':
    case 'RandomFlip':
      return x;
    case 'Conv2D':
      return biased(tf.conv2d(x, w('kernel'), config.strides, config.padding, 'NHWC', config.dilation_rate));
    case 'DepthwiseConv2D':
      return biased(tf.depthwiseConv2d(x, w('kernel'), config.strides, config.padding));
    case 'SeparableConv2D':
      return biased(
        tf.separableConv2d(x, w('depthwise_kernel'), w('pointwise_kernel'), config.strides, config.padding),
      );
    case 'Dense':
      return biased(tf.matMul(x, w('kernel') as tf.Tensor));
    case 'BatchNormalization': {
      const scale = tf.div(w('gamma'), tf.sqrt(tf.add(w('moving_variance'), config.epsilon)));
      return tf.add(tf.mul(tf.sub(x, w('moving_mean')), scale), w('beta'));
    }
    case 'ReLU':
      return config.max_value === null ? tf.relu(x) : tf.minimum(tf.relu(x), config.max_value);
    case 'LeakyReLU':
      return tf.maximum(x, tf.mul(x, config.negative_slope));
    case 'Activation':
      return act(config.activation, x);
    case 'ZeroPadding2D':
      return tf.pad(x, [[0, 0], ...config.padding, [0, 0]]);
    case 'MaxPooling2D':
      return tf.maxPool(x, config.pool_size, config.strides, config.padding);
    case 'GlobalAveragePooling2D':
      return tf.mean(x, [1, 2]);
    case 'Flatten':
      return tf.reshape(x, [x.shape[0], -1]);
    case 'Rescaling':
      return tf.add(tf.mul(x, config.scale), config.offset);
    case 'Add':
      return tf.add(x, other);
    case 'Subtract':
      return tf.sub(x, other);
    case 'TrueDivide':
      return tf.div(x, other);
    default:
      throw new Error(class_name);
  }
}

function act(activation: Any, x: tf.Tensor): tf.Tensor {
  const name = activation?.config ?? activation ?? 'linear';
  if (name === 'linear') return x;
  if (name === 'silu') return tf.mul(x, tf.sigmoid(x));
  if (name === 'relu') return tf.relu(x);
  if (name === 'softmax') return tf.softmax(x);
  if (name === 'sigmoid') return tf.sigmoid(x);
  throw new Error(name);
}
