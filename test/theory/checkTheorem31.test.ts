import * as tf from '@tensorflow/tfjs-core';
import { describe, expect, it } from 'vitest';
import { affineMap } from '../../src/regions';
import { checkTheorem31 } from '../../src/theory';
import { expectRefusal } from '../support/expectRefusal';
import { denseNet, randomConv, randomDense, randomPoint, scaled } from './nets';

describe('checkTheorem31', () => {
  it('agrees with the rows of V far out on the ray, for dense and convolutional networks', () => {
    let violations = 0;
    for (let seed = 0; seed < 40; seed++)
      for (const net of [randomDense(seed, [3, 4, 4, 3]), randomConv(seed)]) {
        const samples = [0, 1, 2].map((n) => randomPoint(10 * seed + n, net.inputSize));
        const { holds, identicalRows, exceptions } = checkTheorem31(net, samples);
        const expected = samples.flatMap((x, sample) => {
          const { V } = affineMap(net, scaled(x, 1e9));
          const row = (k: number) => String(V.subarray(k * net.inputSize, (k + 1) * net.inputSize).map((v) => v + 0));
          return [
            [0, 1],
            [0, 2],
            [1, 2],
          ].flatMap((classes) => (row(classes[0]!) === row(classes[1]!) ? [{ sample, classes }] : []));
        });
        expect(identicalRows).toEqual(expected);
        expect(holds).toBe(expected.length === 0);
        expect(exceptions).toEqual([]);
        violations += expected.length;
      }
    // Some rays end where all units of a layer are dead, so that V is zero.
    expect(violations).toBeGreaterThan(0);
  });

  it('tells how many samples are done, and can be stopped', async () => {
    const net = randomDense(1, [2, 4, 3]);
    const [samples, done] = [[[1, 2], [2, 1], [-1, 1]], [] as number[]]; // biome-ignore format: three points
    checkTheorem31(net, samples, { onProgress: (progress) => done.push(progress.done, progress.total) });
    expect(done).toEqual([0, 3, 1, 3, 2, 3, 3, 3]);
    const aborted = { code: 'ABORTED', fn: 'checkTheorem31', argument: 'signal' } as const;
    await expectRefusal(() => checkTheorem31(net, samples, { signal: AbortSignal.abort() }), aborted);
  });

  it('names the classes with identical rows, in the region that the ray of the sample ends in', () => {
    // relu(x) feeds both classes alike, relu(-x) does not.
    const net = denseNet(
      { kernel: [[1, -1]], bias: [0, 0] },
      {
        kernel: [
          [1, 1],
          [2, 3],
        ],
        bias: [0, 5],
      },
    );
    expect(checkTheorem31(net, [[1], [-1], [2]])).toEqual({
      holds: false,
      identicalRows: [
        { sample: 0, classes: [0, 1] },
        { sample: 2, classes: [0, 1] },
      ],
      exceptions: [],
    });
  });

  it('tells a tie on x from identical rows: only the point is an exception then', () => {
    const net = denseNet({
      kernel: [
        [1, 0, -9],
        [0, 1, -9],
      ],
      bias: [0, 0, 0],
    });
    expect(
      checkTheorem31(net, [
        [1, 1],
        [2, 1],
      ]),
    ).toEqual({ holds: true, identicalRows: [], exceptions: [0] });
    // A tie below the top keeps no confidence from going to 1.
    expect(checkTheorem31(net, [[-1, -1]])).toEqual({ holds: true, identicalRows: [], exceptions: [] });
  });

  it('takes a tensor, and refuses the origin and an empty list', async () => {
    const net = denseNet({ kernel: [[1, -1]], bias: [0, 0] });
    const samples = tf.tensor2d([[1], [-3]]);
    expect(checkTheorem31(net, samples).holds).toBe(true);
    tf.dispose(samples);
    const fn = 'checkTheorem31';
    await expectRefusal(() => checkTheorem31(net, [[0]]), { code: 'INVALID_ARGUMENT', fn, argument: 'samples' });
    await expectRefusal(() => checkTheorem31(net, []), { code: 'EMPTY_INPUT', fn, argument: 'samples' });
    await expectRefusal(() => checkTheorem31(net, new Float64Array(1) as never), {
      code: 'INVALID_ARGUMENT',
      fn,
      argument: 'samples',
    });
  });
});
