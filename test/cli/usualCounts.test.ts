import '@tensorflow/tfjs-backend-cpu';
import * as tf from '@tensorflow/tfjs-core';
import { layers, sequential } from '@tensorflow/tfjs-layers';
import { expect, it, vi } from 'vitest';
import { classifier } from '../../src/classifier/classifier';
import { multiplyAdds } from '../../src/classifier/multiplyAdds';
import { countNotes, usualCounts } from '../../src/cli/measure/noiseSettings';

vi.mock('../../src/classifier/multiplyAdds', () => ({ multiplyAdds: vi.fn() }));
await tf.setBackend('cpu');

function ofInputs(values: number) {
  const model = sequential({ layers: [layers.dense({ units: 2, inputShape: [values] })] });
  return classifier(model, { bounds: [0, 1] });
}

it('measures 1000 images of noise and 200 attacked ones, and for a first look a tenth, of a model of over 20 million multiplications less', () => {
  const net = ofInputs(3);
  vi.mocked(multiplyAdds).mockReturnValue(20_000_000);
  expect(usualCounts(net, {})).toEqual({ samples: 1000, attacked: 200, rays: undefined });
  expect(usualCounts(net, { quick: true })).toEqual({ samples: 100, attacked: 20, rays: 10 });
  vi.mocked(multiplyAdds).mockReturnValue(20_000_001);
  expect(usualCounts(net, {})).toEqual({ samples: 1000, attacked: 200, rays: undefined });
  expect(usualCounts(net, { quick: true })).toEqual({ samples: 50, attacked: 8, rays: 2 });
  expect(countNotes('audit', net, {})).toEqual([]);
});

it('takes a model of which no multiplications are known for large where its inputs have over 50,000 values', () => {
  vi.mocked(multiplyAdds).mockReturnValue(undefined);
  expect(usualCounts(ofInputs(50_000), { quick: true })).toEqual({ samples: 100, attacked: 20, rays: 10 });
  expect(usualCounts(ofInputs(50_001), { quick: true })).toEqual({ samples: 50, attacked: 8, rays: 2 });
});

it('measures less of a model in inverse proportion to its multiplications beyond 400 million, and says so', () => {
  const large = ofInputs(3);
  vi.mocked(multiplyAdds).mockReturnValue(1_359_000_000);
  expect(usualCounts(large, {})).toEqual({ samples: 294, attacked: 59, rays: undefined });
  expect(usualCounts(large, { quick: true })).toEqual({ samples: 15, attacked: 2, rays: 1 });
  expect(countNotes('audit', large, {})).toEqual([
    'Of so large a model (1.4 billion multiplications an image) 294 images of each noise, and 59 attacked, instead of 1000 and 200: --samples and --attacked take more.',
  ]);
  expect(countNotes('audit', large, { samples: '500' })).toEqual([]);
});
