import { describe, expect, it } from 'vitest';
import { createRng, expectedCalibrationError } from '../../src/index';
import { reliabilityDiagram } from '../../src/report';
import { expectRefusal } from '../support/expectRefusal';
import { readSvg, texts } from './readSvg';

/** Points from left to right in shares of the axes, and their radius, in a picture of the default width. */
const pointsOf = (root: Element) => {
  const [left, side, bottom] = [58, 640 - 58 - 20, Number(root.getAttribute('height')) - 44];
  const points = [...root.querySelectorAll('g[aria-label="dot"] circle')].map((dot) => {
    const at = (name: string) => Number(dot.getAttribute(name));
    return { confidence: (at('cx') - left) / side, accuracy: (bottom - at('cy')) / side, radius: at('r') };
  });
  return points.sort((a, b) => a.confidence - b.confidence);
};

describe('reliabilityDiagram', () => {
  it('puts a point at the mean confidence and the share of right answers of each bin that has examples', async () => {
    // Bins of width 1/2: two examples below, one of them right, and four above, three of them right.
    const confidences = [0.2, 0.4, 0.6, 0.8, 1, 0.9];
    const root = readSvg(await reliabilityDiagram(confidences, [1, 0, 1, 1, 0, 1], { bins: 2 }));
    const points = pointsOf(root);
    const want = [
      [0.3, 0.5],
      [0.825, 0.75],
    ];
    expect(points).toHaveLength(2);
    for (const [i, [confidence, accuracy]] of want.entries()) {
      expect(points[i]!.confidence).toBeCloseTo(confidence!, 4);
      expect(points[i]!.accuracy).toBeCloseTo(accuracy!, 4);
    }
    // ECE by hand: (2 * |0.5 - 0.3| + 4 * |0.75 - 0.825|) / 6 = 0.7 / 6.
    expect(texts(root)).toContain('bins of confidence (expected calibration error 0.117)');
  });

  it('draws the points whose weighted distance from the diagonal is the expected calibration error', async () => {
    const rng = createRng(1);
    const confidences = Array.from({ length: 400 }, () => rng.uniform());
    const correct = confidences.map((confidence) => rng.uniform() < confidence ** 2);
    const counts = new Array(10).fill(0);
    for (const confidence of confidences) counts[Math.floor(10 * confidence)]++;
    const points = pointsOf(readSvg(await reliabilityDiagram(confidences, correct, { bins: 10 })));
    const gaps = points.map(({ confidence, accuracy }, k) => (counts[k] / 400) * Math.abs(accuracy - confidence));
    const error = expectedCalibrationError(confidences, correct, { bins: 10 });
    expect(gaps.reduce((sum, gap) => sum + gap)).toBeCloseTo(error, 4);
  });

  it('draws a bin with more examples larger', async () => {
    const confidences = [0.1, ...new Array(99).fill(0.9)];
    const [few, many] = pointsOf(readSvg(await reliabilityDiagram(confidences, new Array(100).fill(true))));
    expect(many!.radius).toBeGreaterThan(2 * few!.radius);
  });

  it.each([
    ['confidences', 'EMPTY_INPUT', [], [], {}],
    ['confidences', 'OUT_OF_BOUNDS', [2], [true], {}],
    ['correct', 'INVALID_ARGUMENT', [0.5], [true, false], {}],
    ['correct', 'INVALID_ARGUMENT', [0.5], [0.5], {}],
    ['bins', 'INVALID_OPTION', [0.5], [true], { bins: 0 }],
    ['title', 'INVALID_OPTION', [0.5], [true], { title: 1 }],
  ] as const)('refuses a bad %s with %s', async (argument, code, confidences, correct, options) => {
    const work = () => reliabilityDiagram(confidences, correct, options as never);
    await expectRefusal(work, { code, fn: 'reliabilityDiagram', argument });
  });
});
