import * as tf from '@tensorflow/tfjs-core';
import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { projectBox } from '../../src/attacks/projectBox';
import { projectL2 } from '../../src/attacks/projectL2';
import { projectLinf } from '../../src/attacks/projectLinf';
import { expectNoLeak } from '../support/expectNoLeak';
import { expectRefusal } from '../support/expectRefusal';
import { onBackend } from '../support/onBackend';

const number = fc.double({ min: -3, max: 3, noNaN: true }).map(Math.fround);
const epsilon = fc.double({ min: 0.01, max: 2, noNaN: true }).map(Math.fround);
const pairs = fc
  .tuple(fc.integer({ min: 1, max: 4 }), fc.integer({ min: 1, max: 6 }))
  .chain(([batch, d]) =>
    fc.tuple(
      fc.constant([batch, d] as [number, number]),
      fc.array(number, { minLength: batch * d, maxLength: batch * d }),
      fc.array(number, { minLength: batch * d, maxLength: batch * d }),
      epsilon,
    ),
  );

describe('projectBox', () => {
  it('moves each coordinate to the nearest number of the interval', async () => {
    const y = projectBox(tf.tensor2d([[-2, -1, 0.5, 7]]), [-1, 2]);
    expect([...(await y.data())]).toEqual([-1, -1, 0.5, 2]);
  });
});

describe('projectLinf', () => {
  it('moves each coordinate to the nearest number within epsilon of the centre, and leaves those inside as they are', () => {
    fc.assert(
      fc.property(pairs, ([shape, x, c, eps]) => {
        const y = tf.tidy(() => projectLinf(tf.tensor(x, shape), tf.tensor(c, shape), eps).dataSync());
        x.forEach((v, i) => {
          const inside = Math.abs(v - c[i]!) <= eps * (1 - 1e-6);
          const nearest = Math.min(Math.max(v, c[i]! - eps), c[i]! + eps);
          if (inside) expect(y[i]).toBe(v);
          else expect(y[i]).toBeCloseTo(nearest, 5);
        });
      }),
    );
  });
});

describe('projectL2', () => {
  it('shrinks the difference of each example to length epsilon, and leaves those inside as they are', () => {
    fc.assert(
      fc.property(pairs, ([shape, x, c, eps]) => {
        const y = tf.tidy(() => projectL2(tf.tensor(x, shape), tf.tensor(c, shape), eps).dataSync());
        const d = shape[1];
        for (let row = 0; row < shape[0]; row++) {
          const at = (i: number) => row * d + i;
          const norm = Math.hypot(...Array.from({ length: d }, (_, i) => x[at(i)]! - c[at(i)]!));
          for (let i = 0; i < d; i++) {
            if (norm <= eps * (1 - 1e-6)) expect(y[at(i)]).toBe(x[at(i)]);
            else expect(y[at(i)]).toBeCloseTo(c[at(i)]! + ((x[at(i)]! - c[at(i)]!) * eps) / Math.max(norm, eps), 5);
          }
        }
      }),
    );
  });

  it('takes the norm over all axes but the first', async () => {
    const x = tf.ones([2, 2, 2, 1]);
    const y = projectL2(x, tf.zerosLike(x), 1);
    expect([...(await y.data())]).toEqual(new Array(8).fill(0.5));
  });

  it('is nearer to the point than any other point of the ball', () => {
    fc.assert(
      fc.property(
        fc.array(number, { minLength: 3, maxLength: 3 }),
        fc.array(number, { minLength: 3, maxLength: 3 }),
        (x, other) => {
          const project = (v: number[]) => [
            ...tf.tidy(() => projectL2(tf.tensor2d([v]), tf.zeros([1, 3]), 1).dataSync()),
          ];
          const distance = (a: number[], b: number[]) => Math.hypot(...a.map((v, i) => v - b[i]!));
          expect(distance(x, project(x))).toBeLessThanOrEqual(distance(x, project(other)) + 1e-6);
        },
      ),
    );
  });

  it('takes a point that is infinitely far to the centre instead of NaN', async () => {
    const y = projectL2(tf.tensor2d([[1e30, 0]]), tf.tensor2d([[0.5, 0.25]]), 1);
    expect([...(await y.data())]).toEqual([0.5, 0.25]);
  });
});

it('projections agree between the cpu and the wasm backend', async () => {
  const run = () =>
    tf.tidy(() => {
      const x = tf.tensor2d([
        [2, -1, 0.3],
        [0.1, 0.2, 0.3],
      ]);
      const c = tf.tensor2d([
        [0, 0, 0],
        [0.1, 0.1, 0.1],
      ]);
      return [...projectL2(projectLinf(projectBox(x, [0, 1]), c, 0.5), c, 0.4).dataSync()];
    });
  const onWasm = await onBackend('wasm', run);
  run().forEach((v, i) => {
    expect(onWasm[i]).toBeCloseTo(v, 6);
  });
});

it('projections leave nothing behind but their result', async () => {
  const x = tf.ones([2, 3]);
  await expectNoLeak(() => tf.dispose([projectBox(x, [0, 1]), projectLinf(x, x, 1), projectL2(x, x, 1)]));
});

describe('refusals', () => {
  let x: tf.Tensor;
  let other: tf.Tensor;
  beforeAll(() => {
    x = tf.ones([2, 3]);
    other = tf.ones([1, 3]);
  });

  it('projectBox refuses bounds that are not two numbers in order, and what is not a tensor', async () => {
    for (const bounds of [[1, 0], [0, 0], [0, Number.NaN], [0]])
      await expectRefusal(() => projectBox(x, bounds as never), {
        code: 'INVALID_OPTION',
        fn: 'projectBox',
        argument: 'bounds',
      });
    await expectRefusal(() => projectBox([1] as never, [0, 1]), {
      code: 'INVALID_ARGUMENT',
      fn: 'projectBox',
      argument: 'x',
    });
  });

  it.each([
    ['projectLinf', projectLinf],
    ['projectL2', projectL2],
  ] as const)(
    '%s refuses another shape of the centre, a radius that is not > 0, and what is not a tensor',
    async (fn, project) => {
      await expectRefusal(() => project(x, other, 1), { code: 'INVALID_SHAPE', fn, argument: 'center' });
      await expectRefusal(() => project(x, 0 as never, 1), { code: 'INVALID_ARGUMENT', fn, argument: 'center' });
      await expectRefusal(() => project(0 as never, x, 1), { code: 'INVALID_ARGUMENT', fn, argument: 'x' });
      for (const eps of [0, -1, Number.NaN, Number.POSITIVE_INFINITY])
        await expectRefusal(() => project(x, x, eps), { code: 'INVALID_OPTION', fn, argument: 'epsilon' });
    },
  );
});
