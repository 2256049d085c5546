import { describe, expect, it } from 'vitest';
import { createRng, type Rng } from '../../src/core/rng';
import { softmax } from '../../src/core/softmax';
import { certifiedMaxConfidence } from '../../src/guarantees';
import { dualNorms } from '../../src/guarantees/bounds/ball';
import { evaluate, type PiecewiseAffine, toPiecewiseAffine } from '../../src/regions';
import { expectRefusal } from '../support/expectRefusal';
import { handMade, oneOfEach } from '../support/regionModels';

const largest = (logits: Float64Array) => Math.max(...softmax(logits));

/** Points at a distance from x in a norm: along axes, along all axes at once, and anywhere; moved into the box. */
function pointsAround(x: Float64Array, radius: number, norm: 'l1' | 'l2', rng: Rng): Float64Array[] {
  const length = (step: Float64Array) =>
    norm === 'l1'
      ? step.reduce((sum, value) => sum + Math.abs(value), 0)
      : Math.sqrt(step.reduce((sum, value) => sum + value * value, 0));
  const steps = [
    ...Array.from(x.slice(0, 20), (_, i) => x.map((_, j) => (i === j ? (rng.uniform() < 0.5 ? -1 : 1) : 0))),
    ...Array.from({ length: 20 }, () => x.map(() => (rng.uniform() < 0.5 ? -1 : 1))),
    ...Array.from({ length: 20 }, () => x.map(() => rng.normal())),
  ];
  return steps.map((step) => {
    const factor = (radius * (rng.uniform() < 0.7 ? 1 : rng.uniform())) / length(step);
    // Into the box is nearer to x, which lies in it.
    return x.map((value, j) => Math.min(1, Math.max(0, value + factor * step[j]!)));
  });
}

describe('a certificate for a ball of another norm', () => {
  it.each([
    ['linf', 7],
    ['l2', 5],
    ['l1', 4],
  ] as const)(
    'is the exact maximum of a linear network: in %s the logits 3x - y and 3y grow apart by %d times epsilon',
    (norm, dual) => {
      const kernel = [
        [3, 0],
        [-1, 3],
      ];
      const net = toPiecewiseAffine(handMade({ kernel, bias: [0, 0] }));
      for (const method of ['interval', 'crown'] as const) {
        const [bound] = certifiedMaxConfidence(net, [[0.5, 0.5]], 0.05, { method, norm, arithmetic: 'real' });
        expect(bound).toBeCloseTo(1 / (1 + Math.exp(-(0.5 + 0.05 * dual))), 10);
      }
    },
  );

  it('cancels what two units share, which intervals of the units cannot', () => {
    // Units x + y + 2 and x + 2 y + 2 are on: their difference y moves by epsilon at most.
    const shared = {
      kernel: [
        [1, 1],
        [1, 2],
      ],
      bias: [2, 2],
    };
    const net = toPiecewiseAffine(
      handMade(shared, {
        kernel: [
          [-1, 1],
          [1, -1],
        ],
        bias: [0, 0],
      }),
    );
    const at = (method: 'interval' | 'crown') =>
      certifiedMaxConfidence(net, [[0.5, 0.5]], 0.1, { method, norm: 'l2', arithmetic: 'real' })[0]!;
    expect(at('crown')).toBeCloseTo(1 / (1 + Math.exp(-1.2)), 8);
    expect(at('interval')).toBeGreaterThan(at('crown') + 0.05);
  });

  it('holds at every point of the ball, for every kind of layer, and is never above that of the box around it', () => {
    const rng = createRng(1);
    let gained = 0;
    for (const [, make] of oneOfEach) {
      const model = make();
      const net: PiecewiseAffine = toPiecewiseAffine(model);
      const x = Float64Array.from({ length: net.inputSize }, () => rng.uniform());
      for (const norm of ['l1', 'l2'] as const)
        for (const radius of [0.01, 0.2, 1]) {
          const options = { arithmetic: 'real' } as const;
          const [box] = certifiedMaxConfidence(net, [x], radius, options);
          for (const method of ['interval', 'crown'] as const) {
            const [bound] = certifiedMaxConfidence(net, [x], radius, { ...options, norm, method });
            for (const point of pointsAround(x, radius, norm, rng))
              expect(largest(evaluate(net, point))).toBeLessThanOrEqual(bound!);
            if (method === 'crown') {
              expect(bound!).toBeLessThanOrEqual(box! + 1e-9);
              if (bound! < box! - 1e-3) gained++;
            }
          }
        }
      model.dispose();
    }
    expect(gained).toBeGreaterThan(oneOfEach.length);
  });

  it('refuses a norm that there is not', async () => {
    const net = toPiecewiseAffine(handMade({ kernel: [[1, -1]], bias: [0, 0] }));
    await expectRefusal(() => certifiedMaxConfidence(net, [[0.5]], 0.1, { norm: 'L2' as 'l2' }), {
      code: 'INVALID_OPTION',
      fn: 'certifiedMaxConfidence',
      argument: 'norm',
    });
  });
});

describe('dualNorms', () => {
  it('are the Euclidean lengths and the largest entries of the rows of a matrix', () => {
    const net = toPiecewiseAffine(
      handMade({
        kernel: [
          [3, 0],
          [-4, 2],
        ],
        bias: [0, 0],
      }),
    );
    const [node] = net.nodes;
    if (node?.kind !== 'affine') throw new Error('no affine node');
    expect([...dualNorms('l2', node.map)]).toEqual([5, 2]);
    expect([...dualNorms('l1', node.map)]).toEqual([4, 2]);
  });
});
