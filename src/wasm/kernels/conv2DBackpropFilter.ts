import * as tf from '@tensorflow/tfjs-core';
import { disposing, type Kernel, runKernel } from '../backend';
import { gatherPatches } from './gatherPatches';
import { geometry } from './geometry';

type BackpropFilter = Kernel<tf.Conv2DBackpropFilterInputs, tf.Conv2DBackpropFilterAttrs>;

/** Gradient of a convolution with respect to its filter. Images with channels first are transposed. */
export function conv2DBackpropFilter(): BackpropFilter {
  const kernel: BackpropFilter = ({ inputs, attrs, backend }) => {
    const { strides, pad, dataFormat, dimRoundingMode, filterShape } = attrs;
    const x = inputs.x!;
    const dy = inputs.dy!;
    const shape = x.shape as [number, number, number, number];
    if (dataFormat === 'NCHW') {
      const last = (info: tf.TensorInfo) => runKernel(backend, tf.Transpose, { x: info }, { perm: [0, 2, 3, 1] });
      const format = { ...attrs, pad: channelsLast(pad), dataFormat: 'NHWC' as const };
      return disposing(backend, last(x), (xLast) =>
        disposing(backend, last(dy), (dyLast) => kernel({ inputs: { x: xLast, dy: dyLast }, attrs: format, backend })),
      );
    }
    const info = tf.backend_util.computeConv2DInfo(shape, filterShape, strides, 1, pad, dimRoundingMode);
    return gatherPatches(backend, x, dy, geometry(info));
  };
  return kernel;
}

type Pad = tf.Conv2DBackpropFilterAttrs['pad'];

/** Explicit padding lists one pair per axis and moves with the axes. */
function channelsLast(pad: Pad): Pad {
  return Array.isArray(pad) ? [pad[0]!, pad[2]!, pad[3]!, pad[1]!] : pad;
}
