import * as tf from '@tensorflow/tfjs-core';
import type { LayersModel } from '@tensorflow/tfjs-layers';
import type { LabelledData, Method } from 'relu-overconfidence';
import { loadCheckpoint } from '../../examples/paper/checkpoint';
import { loadInSet } from '../../examples/paper/testSets';
import { loadMnist } from './mnist';
import { trainedLenet } from './trainedLenet';

/** A network whose noise is attacked. */
export interface AttackedNetwork {
  readonly name: string;
  readonly method: Method;
  readonly load: () => Promise<LayersModel>;
  /** Images that its noise is made from, `[B, H, W, C]`. */
  readonly images: tf.Tensor;
}

/** Images attacked: of a LeNet, and of the ten times slower ResNets. */
const [MNIST_IMAGES, CIFAR_IMAGES] = [64, 16];
/** Training images of MNIST that the LeNets have seen. */
const SEEN = 80 * 128;

/** The networks at hand; those that are not are named in `missing`. */
export async function attackedNetworks(): Promise<{ networks: AttackedNetwork[]; missing: string[] }> {
  const { RELU_DATA, RELU_MODELS } = process.env;
  const mnist = await loadMnist(SEEN + MNIST_IMAGES);
  const atHand = RELU_DATA !== undefined && RELU_MODELS !== undefined;
  const networks = [
    ...(mnist === undefined ? [] : lenets(mnist)),
    ...(atHand ? await authorsNetworks(RELU_DATA, RELU_MODELS) : []),
  ];
  const missing = [
    ...(mnist === undefined ? ['MNIST was not at hand (RELU_DATA).'] : []),
    ...(atHand ? [] : ["the authors' networks were not at hand (RELU_MODELS and RELU_DATA)."]),
  ];
  return { networks, missing };
}

function lenets(data: LabelledData): AttackedNetwork[] {
  const images = tf.slice(data.x, SEEN, MNIST_IMAGES);
  return (['plain', 'ceda'] as const).map((method) => ({
    name: `LeNet, ${method}`,
    method,
    load: () => trainedLenet(method, data),
    images,
  }));
}

async function authorsNetworks(data: string, models: string): Promise<AttackedNetwork[]> {
  const { x, y } = await loadInSet(data, 'cifar10');
  const images = tf.slice(x, 0, CIFAR_IMAGES);
  tf.dispose([x, y]);
  return (['plain', 'ceda', 'acet'] as const).map((method) => ({
    name: `the authors' ResNet on CIFAR-10, ${method}`,
    method,
    load: () => loadCheckpoint(models, method),
    images,
  }));
}
