import { describe, expect, it } from 'vitest';
import { trainingPlot } from '../../src/report';
import { expectRefusal } from '../support/expectRefusal';
import { linePoints, readSvg, texts } from './readSvg';

const before = { error: 0, confidence: 1, noise: 0.5, attackedNoise: 1 };
const checks = [
  { update: 10, error: 0.1, confidence: 0.9, noise: 0.25, attackedNoise: 0.75 },
  { update: 40, error: 0.2, confidence: 0.8, noise: 0, attackedNoise: 0.5 },
];

describe('trainingPlot', () => {
  it('draws each number over the updates, from before the training to the last measurement', async () => {
    const root = readSvg(await trainingPlot({ before, checks, best: 10 }));
    // The third colour is that of noise: .5, .25 and 0, at the updates 0, 10 and 40.
    const [start, middle, end] = linePoints(root, '#009E73') as [[number, number], [number, number], [number, number]];
    expect((middle[0] - start[0]) / (end[0] - start[0])).toBeCloseTo(1 / 4, 3);
    expect((middle[1] - start[1]) / (end[1] - start[1])).toBeCloseTo(1 / 2, 3);
    expect(texts(root)).toContain('on attacked noise (0.500)');
    expect(root.querySelector('desc')!.textContent).toContain('those after 10 updates');
  });

  it('draws what a history of fit tells, and leaves out what was not measured', async () => {
    const validation = { error: 0.3, loss: 1, meanMaxConfidence: 0.6 };
    const epochs = [0, 1].map((epoch) => ({ epoch, outConfidence: null, validation }));
    const root = readSvg(await trainingPlot({ epochs }));
    expect(texts(root)).toEqual(expect.arrayContaining(['error (0.300)', 'confidence on data (0.600)']));
    expect(texts(root).join()).not.toContain('noise');
  });

  it('refuses what has nothing to draw', async () => {
    const refused = (course: object, code: 'EMPTY_INPUT' | 'INVALID_ARGUMENT' | 'INVALID_OPTION') =>
      expectRefusal(() => trainingPlot(course as Parameters<typeof trainingPlot>[0]), {
        code,
        fn: 'trainingPlot',
        argument: 'course',
      });
    await refused({ before, checks: [] }, 'EMPTY_INPUT');
    await refused({ epochs: [{ epoch: 0, outConfidence: null, validation: null }] }, 'EMPTY_INPUT');
    await refused({}, 'INVALID_ARGUMENT');
    await refused({ before, checks: [{ ...before, update: 1, noise: 1.5 }] }, 'INVALID_OPTION');
  });
});
