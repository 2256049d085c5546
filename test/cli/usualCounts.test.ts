import '@tensorflow/tfjs-backend-cpu';
import * as tf from '@tensorflow/tfjs-core';
import { layers, sequential } from '@tensorflow/tfjs-layers';
import { expect, it, vi } from 'vitest';
import { classifier } from '../../src/classifier/classifier';
import { multiplyAdds } from '../../src/classifier/multiplyAdds';
import { countNotes, usualCounts } from '../../src/cli/measure/noiseSettings';

vi.mock('../../src/classifier/multiplyAdds', () => ({ multiplyAdds: vi.fn(() => 1) }));
await tf.setBackend('cpu');

function ofInputs(values: number) {
  const model = sequential({ layers: [layers.dense({ units: 2, inputShape: [values] })] });
  return classifier(model, { bounds: [0, 1] });
}

it('measures 1000 images of noise, 200 attacked ones, or a tenth of that, however many values they have', () => {
  const [small, many] = [ofInputs(3), ofInputs(50_001)];
  expect(usualCounts(small, {})).toEqual({ samples: 1000, attacked: 200, rays: undefined });
  expect(usualCounts(many, {})).toEqual(usualCounts(small, {}));
  expect(usualCounts(small, { quick: true })).toEqual({ samples: 100, attacked: 20, rays: 10 });
  expect(usualCounts(many, { quick: true })).toEqual({ samples: 50, attacked: 8, rays: 2 });
  expect(countNotes('audit', small, {})).toEqual([]);
});

it('measures less of a model in inverse proportion to its multiplications beyond 400 million, and says so', () => {
  const large = ofInputs(50_001);
  vi.mocked(multiplyAdds).mockReturnValue(1_359_000_000);
  expect(usualCounts(large, {})).toEqual({ samples: 294, attacked: 59, rays: undefined });
  expect(usualCounts(large, { quick: true })).toEqual({ samples: 15, attacked: 2, rays: 1 });
  expect(countNotes('audit', large, {})).toEqual([
    'Of so large a model (1.4 billion multiplications an image) 294 images of each noise, and 59 attacked, instead of 1000 and 200: --samples and --attacked take more.',
  ]);
  expect(countNotes('audit', large, { samples: '500' })).toEqual([]);
});
