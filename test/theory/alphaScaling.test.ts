import * as tf from '@tensorflow/tfjs-core';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { classifier } from '../../src/classifier';
import type { Progress } from '../../src/core/progress';
import { uniformNoise } from '../../src/noise';
import { evaluate, toPiecewiseAffine } from '../../src/regions';
import { alphaScaling, minimalAlpha } from '../../src/theory';
import { clipped, clippedPieces } from '../../src/theory/alphaScaling';
import { expectNoLeak } from '../support/expectNoLeak';
import { expectRefusal } from '../support/expectRefusal';
import { tinyMlp } from '../support/smallModels';
import { denseNet, randomConv, randomDense, randomPoint } from './nets';

/** x -> (w x, -w x). */
const mirror = (w: number) => denseNet({ kernel: [[w, -w]], bias: [0, 0] });

/** Log-odds 0 but for a hat of height 10 over [2, 3]. */
const hat = denseNet(
  { kernel: [[1, 1, 1]], bias: [-2, -2.5, -3] },
  {
    kernel: [
      [20, 0],
      [-40, 0],
      [20, 0],
    ],
    bias: [0, 0],
  },
);

describe('alphaScaling', () => {
  it('gives minimal alphas and their median, by hand', async () => {
    const { alphas, medianAlpha } = await alphaScaling(mirror(1), [[0.1], [0.5], [1], [100]]);
    const log = Math.log(999);
    expect([...alphas]).toEqual([expect.closeTo(5 * log, 12), expect.closeTo(log, 12), expect.closeTo(log / 2, 12), 1]);
    expect(medianAlpha).toBeCloseTo(0.75 * log, 12);
  });

  it('has an infinite median if half of the samples never get there', async () => {
    const oneSided = denseNet({ kernel: [[1]], bias: [0] }, { kernel: [[1, -1]], bias: [0, 0] });
    expect((await alphaScaling(oneSided, [[1], [-1], [-2]])).medianAlpha).toBe(Number.POSITIVE_INFINITY);
    expect((await alphaScaling(oneSided, [[1], [2], [-2]])).medianAlpha).toBeCloseTo(Math.log(999) / 2, 12);
  });

  it('counts as overconfident what keeps 95 % after clipping to the box', async () => {
    // At the border x = 1 the log-odds are 2 w; 95 % are log 19 = 2.94.
    for (const [w, share] of [
      [1.46, 0],
      [1.48, 1],
    ] as const) {
      const result = await alphaScaling(mirror(w), [[0.5], [0.25]]);
      expect(result.overconfidentAtMinimalAlpha).toBe(share);
      expect(result.overconfidentOnRay).toBe(share);
    }
    expect(await alphaScaling(mirror(1.46), [[0.5]], { overconfident: 0.9 })).toMatchObject({ overconfidentOnRay: 1 });
    expect(await alphaScaling(mirror(1.46), [[0.5]], { bounds: [0, 2] })).toMatchObject({ overconfidentOnRay: 1 });
  });

  it('tells the two readings apart: at the minimal alpha, and at some alpha', async () => {
    // The second input brings confidence back down once the first has reached the border.
    const net = denseNet(
      {
        kernel: [
          [1, 0],
          [0, 1],
        ],
        bias: [0, 0],
      },
      {
        kernel: [
          [12, 0],
          [-9, 0],
        ],
        bias: [0, 0],
      },
    );
    // The log-odds are 9.75 a, and clipped 12 min(1, a) - 9 min(1, a / 4): at most 9.75, at a = 1, and 3 at the end.
    const at = (confidence: number, from: number) =>
      alphaScaling(net, [[1, 0.25]], { confidence, from, overconfident: 0.99 });
    expect(await at(0.9999, 0)).toMatchObject({ overconfidentAtMinimalAlpha: 1, overconfidentOnRay: 1 });
    const far = await alphaScaling(net, [[1, 0.25]], { oneMinusConfidence: 1e-30, from: 0, overconfident: 0.99 });
    expect(far.alphas[0]).toBeCloseTo(Math.log(1e30) / 9.75, 10);
    expect(far).toMatchObject({ overconfidentAtMinimalAlpha: 0, overconfidentOnRay: 1 });
  });

  it('finds what lies between the points it looks at only if asked to be exact', async () => {
    const options = { confidence: 0.99999, bounds: [0, 10] } as const;
    const quick = await alphaScaling(hat, [[1]], options);
    expect(quick).toMatchObject({ overconfidentAtMinimalAlpha: 0, overconfidentOnRay: 0 });
    const exact = await alphaScaling(hat, [[1]], { ...options, pathPoints: 'exact' });
    expect(exact).toMatchObject({ overconfidentAtMinimalAlpha: 0, overconfidentOnRay: 1 });
    const never = await alphaScaling(hat, [[1]], { ...options, pathPoints: 'exact', overconfident: 0.99996 });
    expect(never.overconfidentOnRay).toBe(0);
  });

  it('always looks at both ends of the path', async () => {
    // Log-odds relu(4 s - 8), s the sum of the entries: 4 at the end, where all three have reached the border.
    const end = denseNet({ kernel: [[4], [4], [4]], bias: [-8] }, { kernel: [[1, 0]], bias: [0, 0] });
    const options = { confidence: 0.9999999, overconfident: 0.98, pathPoints: 1, from: 0 } as const;
    const samples = [[1, 0.5, 0.25]];
    expect(await alphaScaling(end, samples, options)).toMatchObject({ overconfidentOnRay: 1 });
    // And relu(4 - 12 s): 4 at the start.
    const start = denseNet({ kernel: [[-12], [-12], [-12]], bias: [4] }, { kernel: [[1, 0]], bias: [0, 0] });
    expect(await alphaScaling(start, samples, options)).toMatchObject({
      medianAlpha: Number.POSITIVE_INFINITY,
      overconfidentOnRay: 1,
    });
  });

  it('encloses the minimal alpha of rays that it gives up, between what it has followed and what it has met', async () => {
    await fc.assert(
      fc.asyncProperty(fc.nat(1e6), fc.constantFrom(0, 1, 20), async (seed, maxUpdates) => {
        const net = randomDense(seed, [3, 8, 8, 3], 2);
        const points = [1, 2, 3].map((n) => randomPoint(seed + n, 3));
        const rows = points;
        const exact = await alphaScaling(net, rows, { confidence: 0.9 });
        const bounds = await alphaScaling(net, rows, { confidence: 0.9, maxUpdates });
        expect(exact.followed).toBe(rows.length);
        expect(exact.leastAlphas).toEqual(exact.alphas);
        let known = 0;
        for (const [n, alpha] of exact.alphas.entries()) {
          const [least, most] = [bounds.leastAlphas[n]!, bounds.alphas[n]!];
          expect(least).toBeLessThanOrEqual(alpha * (1 + 1e-9));
          expect(most).toBeGreaterThanOrEqual(alpha * (1 - 1e-9));
          if (least === most) known++;
        }
        expect(bounds.followed).toBe(known);
        expect(bounds.leastMedianAlpha).toBeLessThanOrEqual(bounds.medianAlpha);
      }),
      { numRuns: 60 },
    );
  });

  it('meets the confidence of a ray that it does not follow by doubling alpha, or far out on the last piece', async () => {
    const log = Math.log(999) / 2;
    const none = { maxUpdates: 0 };
    const { alphas, leastAlphas, followed } = await alphaScaling(mirror(1), [[0.1], [100]], none);
    expect(leastAlphas).toEqual(Float64Array.of(1, 1));
    expect(alphas[0]).toBeGreaterThanOrEqual(10 * log);
    expect(alphas[0]).toBeLessThan(10.5 * log * 1.1);
    expect([alphas[1], followed]).toEqual([1, 1]);
    expect((await alphaScaling(mirror(1), [[1e-9]], none)).alphas[0]).toBeCloseTo(1e9 * log, -3);
    // The hat is missed where the points that are looked at lie beside it, and it ends at log-odds of 0.
    expect((await alphaScaling(hat, [[1.1]], { ...none, confidence: 0.9 })).alphas[0]).toBeGreaterThan(2 / 1.1);
    expect((await alphaScaling(hat, [[0.99]], { ...none, confidence: 0.9999 })).alphas[0]).toBe(
      Number.POSITIVE_INFINITY,
    );
  });

  it('ends with ABORTED inside a ray, soon after the signal', async () => {
    const controller = new AbortController();
    const net = { ...mirror(1) };
    // A network of which every piece takes a while.
    const slow = net.nodes.map((node) => {
      if (node.kind !== 'affine') return node;
      const addTo: typeof node.map.addTo = (...args) => {
        const end = performance.now() + 40;
        while (performance.now() < end);
        node.map.addTo(...args);
      };
      return { ...node, map: { ...node.map, addTo } };
    });
    const deep = { ...net, nodes: slow };
    setTimeout(() => controller.abort('enough'), 1);
    await expectRefusal(() => alphaScaling(deep, [[0.001]], { maxUpdates: 0, signal: controller.signal }), {
      code: 'ABORTED',
      fn: 'alphaScaling',
      argument: 'signal',
    });
  });

  it('takes a LayersModel and a tensor, and reports progress with the time left', async () => {
    const model = tinyMlp();
    const noise = uniformNoise([7, 2], { seed: 1 });
    const seen: Progress[] = [];
    const result = await expectNoLeak(() => alphaScaling(model, noise, { onProgress: (p) => seen.push(p) }));
    expect(seen.map(({ done }) => done)).toEqual([1, 2, 3, 4, 5, 6, 7]);
    expect(seen.at(-1)).toMatchObject({ total: 7, remainingMs: 0 });
    const rows = (await noise.array()) as number[][];
    expect([...result.alphas]).toEqual(rows.map((row) => minimalAlpha(toPiecewiseAffine(model), row)));
    tf.dispose(noise);
    model.dispose();
  });

  it('clips to the bounds of a classifier unless told otherwise', async () => {
    const model = tinyMlp();
    const points = tf.tensor2d([[0.9, 0.4], [-0.3, 0.7], [0.2, -0.8], [-0.5, -0.6]]); // biome-ignore format: a matrix
    const bounds = [-3, 7] as const;
    const options = { confidence: 0.9999, overconfident: 0.8, pathPoints: 'exact' } as const;
    const shares = async (...given: Parameters<typeof alphaScaling>) => {
      const { overconfidentAtMinimalAlpha, overconfidentOnRay } = await alphaScaling(...given);
      return [overconfidentAtMinimalAlpha, overconfidentOnRay];
    };
    const wide = await shares(model, points, { ...options, bounds });
    const unit = await shares(model, points, options);
    expect(wide).not.toEqual(unit);
    const net = classifier(model, { bounds });
    expect(await shares(net, points, options)).toEqual(wide);
    expect(await shares(net, points, { ...options, bounds: [0, 1] })).toEqual(unit);
    expect(await shares(classifier(model), points, options)).toEqual(unit);
    points.dispose();
    model.dispose();
  });

  it('stops when its signal fires, and refuses what it cannot work with', async () => {
    const fn = 'alphaScaling';
    const net = mirror(1);
    const stopped = AbortSignal.abort();
    await expectRefusal(() => alphaScaling(net, [[1]], { signal: stopped }), {
      code: 'ABORTED',
      fn,
      argument: 'signal',
    });
    const cases = [
      [{ from: -1 }, 'INVALID_OPTION', 'from'],
      [{ confidence: 1 }, 'INVALID_OPTION', 'confidence'],
      [{ overconfident: 0 }, 'INVALID_OPTION', 'overconfident'],
      [{ bounds: [1, 0] }, 'INVALID_OPTION', 'bounds'],
      [{ pathPoints: 0 }, 'INVALID_OPTION', 'pathPoints'],
    ] as const;
    for (const [options, code, argument] of cases)
      await expectRefusal(() => alphaScaling(net, [[1]], options), { code, fn, argument });
    await expectRefusal(() => alphaScaling(net, [[1], [0]]), { code: 'INVALID_ARGUMENT', fn, argument: 'samples' });
    await expectRefusal(() => alphaScaling(net, []), { code: 'EMPTY_INPUT', fn, argument: 'samples' });
    await expectRefusal(() => alphaScaling(net, [[1, 2]]), { code: 'INVALID_SHAPE', fn, argument: 'samples' });
    const model = tinyMlp();
    const other = classifier((x) => model.predict(x) as tf.Tensor2D, { inputShape: [2], outputs: 'logits' });
    await expectRefusal(() => alphaScaling(other, [[1, 1]]), {
      code: 'UNSUPPORTED_MODEL',
      fn,
      argument: 'netOrModel',
    });
    model.dispose();
  });
});

describe('the network along clip(alpha x)', () => {
  const boxes = fc.constantFrom<[number, number]>([0, 1], [-1, 1], [0.5, 2], [-2, -0.5]);

  it('has on every piece the logits of the network there, and pieces that follow each other', () => {
    fc.assert(
      fc.property(fc.nat(1e6), boxes, fc.constantFrom(0, 0.3, 1), fc.boolean(), (seed, box, from, conv) => {
        const net = conv ? randomConv(seed) : randomDense(seed, [4, 8, 8, 3]);
        const x = randomPoint(seed, net.inputSize);
        x[0] = 0;
        let end: number = from;
        for (const piece of clippedPieces(net, x, from, box)) {
          expect(piece.from).toBe(end);
          end = piece.to;
          for (const share of [0, 0.3, 1]) {
            const t = piece.from + share * (piece.to - piece.from);
            const expected = evaluate(net, clipped(x, t, box));
            const worst = Math.max(...expected.map((v, k) => Math.abs(v - piece.slope[k]! * t - piece.intercept[k]!)));
            expect(worst).toBeLessThan(1e-9);
          }
        }
        const rest = evaluate(net, clipped(x, end, box));
        for (const [k, value] of evaluate(net, clipped(x, Number.POSITIVE_INFINITY, box)).entries())
          expect(value).toBeCloseTo(rest[k]!, 9);
      }),
      { numRuns: 60 },
    );
  });

  it.each<[string, number[], [number, number], number]>([
    ['begins on the upper border', [1, 0.5, -0.25], [0, 1], 1],
    ['begins on the lower border', [0.5, 1, 2], [0.5, 2], 1],
    ['begins on both borders from below', [-0.5, -2, -1], [-2, -0.5], 1],
    ['begins at the origin', [1, -1, 0], [-1, 1], 0],
    ['begins beyond the box, at its lower border', [-1, 1, 0.5], [0.5, 2], 3],
    ['has entries that no finite alpha takes to a border', [1e-310, -1e-310, 1], [-1, 1], 0],
  ])('follows the clipped point where the path %s', (_, point, box, from) => {
    const net = randomDense(3, [3, 8, 8, 3]);
    const x = Float64Array.from(point);
    const pieces = [...clippedPieces(net, x, from, box)];
    const end = pieces.at(-1)?.to ?? from;
    // Every entry that ever moves has come to a border by then.
    for (const [i, value] of clipped(x, end, box).entries())
      if (Math.abs(point[i]!) > 1e-300) expect(value).toBeCloseTo(clipped(x, Number.POSITIVE_INFINITY, box)[i]!, 12);
    for (const piece of pieces) {
      expect(piece.to).toBeGreaterThan(piece.from);
      const t = (piece.from + piece.to) / 2;
      for (const [k, value] of evaluate(net, clipped(x, t, box)).entries())
        expect(piece.slope[k]! * t + piece.intercept[k]!).toBeCloseTo(value, 9);
    }
  });
});
