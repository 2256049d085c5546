import * as tf from '@tensorflow/tfjs-core';
import { describe, expect, it } from 'vitest';
import { createRng, type Rng } from '../../src/core/rng';
import { mlp } from '../../src/models/index';
import {
  type Box2d,
  countRegions,
  inputPlane,
  type Plane2d,
  sliceRegions,
  toPiecewiseAffine,
} from '../../src/regions/index';
import { areaIn, unmatchedEdges } from '../support/tiling';

type Point = readonly [number, number];

/** The kernels of a model without biases, each with a row per unit. */
function kernels(weights: readonly tf.Tensor[]): number[][][] {
  return weights
    .filter(({ rank }) => rank === 2)
    .map((weight) => tf.tidy(() => tf.transpose(weight).arraySync() as number[][]));
}

/**
 * The linear regions of a network without biases, as angles of the (s, t) plane in which it is `(s, t) -> M (s, t)`, found by
 * sorting angles: in a cone where the layers before are linear, each unit changes sign at one angle at the most.
 */
function cones(layers: readonly number[][][], u: readonly number[], v: readonly number[]): Point[] {
  let parts = [{ from: 0, to: 2 * Math.PI, M: u.map((value, i) => [value, v[i]!]) }];
  for (const kernel of layers) {
    parts = parts.flatMap(({ from, to, M }) => {
      const rows = kernel.map((weights) => [0, 1].map((c) => weights.reduce((sum, w, i) => sum + w * M[i]![c]!, 0)));
      const turns = rows
        .filter(([a, b]) => Math.hypot(a!, b!) > 1e-12)
        .flatMap(([a, b]) => [-0.5, 0.5, 1.5, 2.5].map((half) => Math.atan2(b!, a!) + half * Math.PI))
        .filter((angle) => angle > from + 1e-9 && angle < to - 1e-9);
      const ends = [from, ...turns.sort((a, b) => a - b), to].filter(
        (angle, i, all) => i === 0 || angle - all[i - 1]! > 1e-9,
      );
      return ends.slice(1).map((end, i) => {
        const middle = (ends[i]! + end) / 2;
        const active = rows.map(([a, b]) => (a! * Math.cos(middle) + b! * Math.sin(middle) > 0 ? [a!, b!] : [0, 0]));
        return { from: ends[i]!, to: end, M: active };
      });
    });
  }
  // The cone that the angle 0 cuts in two is one.
  const [first, last] = [parts[0]!, parts.at(-1)!];
  const same = parts.length > 1 && !splitsAtZero(layers, u, v);
  return same
    ? [[last.from - 2 * Math.PI, first.to], ...parts.slice(1, -1).map(({ from, to }): Point => [from, to])]
    : parts.map(({ from, to }): Point => [from, to]);
}

/** Whether a first-layer line happens to lie along the angle 0, which random weights do not do. */
function splitsAtZero(layers: readonly number[][][], u: readonly number[], _v: readonly number[]): boolean {
  return layers[0]!.some((weights) => weights.reduce((sum, w, i) => sum + w * u[i]!, 0) === 0);
}

/** Area of the part of a box in a cone with the tip at `tip`, at most half a turn wide. */
function areaInCone({ x, y }: Box2d, tip: Point, [from, to]: Point): number {
  let polygon: Point[] = [
    [x[0], y[0]],
    [x[1], y[0]],
    [x[1], y[1]],
    [x[0], y[1]],
  ];
  for (const [angle, side] of [
    [from, 1],
    [to, -1],
  ] as const) {
    const depth = ([px, py]: Point) => side * ((py - tip[1]) * Math.cos(angle) - (px - tip[0]) * Math.sin(angle));
    polygon = polygon.flatMap((p, i) => {
      const next = polygon[(i + 1) % polygon.length]!;
      const [a, b] = [depth(p), depth(next)];
      const kept: Point[] = a >= 0 ? [p] : [];
      if (a * b < 0) kept.push([p[0] + (a / (a - b)) * (next[0] - p[0]), p[1] + (a / (a - b)) * (next[1] - p[1])]);
      return kept;
    });
  }
  return Math.abs(
    polygon.reduce((sum, [px, py], i) => {
      const [qx, qy] = polygon[(i + 1) % polygon.length]!;
      return sum + (px - x[0]) * (qy - y[0]) - (qx - x[0]) * (py - y[0]);
    }, 0) / 2,
  );
}

/** A box with the point inside, beside or on its border. */
function boxNear(rng: Rng, [s, t]: Point): Box2d {
  const range = (centre: number): [number, number] => {
    const width = 10 ** (3 * rng.uniform() - 2);
    const kind = rng.integer(4);
    if (kind === 0) return [centre, centre + width];
    const low = centre - width * rng.uniform() + (kind === 1 ? 0.3 * width * rng.normal() : 0);
    return [low, low + width];
  };
  return { x: range(s), y: range(t) };
}

const areaOf = ({ x, y }: Box2d) => (x[1] - x[0]) * (y[1] - y[0]);

describe('a network without biases, all of whose lines meet in one point', () => {
  it('has 32 regions in the plane and in a box around the point (one hidden layer of 16)', () => {
    const model = mlp({ inputShape: [2], hidden: [16], classes: 3, seed: 0 });
    const net = toPiecewiseAffine(model);
    model.dispose();
    expect(countRegions(net, inputPlane)).toBe(32);
    expect(countRegions(net, inputPlane, { box: { x: [-0.4, 0.6], y: [-0.5, 0.3] } })).toBe(32);
  });

  it.each([
    ['[10]', [10], 2, false],
    ['[16]', [16], 2, false],
    ['[6, 5]', [6, 5], 2, false],
    ['[8, 8, 8]', [8, 8, 8], 2, false],
    ['[12], in a plane of five dimensions', [12], 5, false],
    ['[5, 6], the point anywhere', [5, 6], 2, true],
    ['[7, 7], the point anywhere in a plane of five dimensions', [7, 7], 5, true],
  ] as const)('has as many regions in a box as there are cones that meet it: %s, 50 boxes', (_, hidden, d, moved) => {
    const rng = createRng(hidden.length + d);
    for (let trial = 0; trial < 50; trial++) {
      const model = mlp({ inputShape: [d], hidden, classes: 3, seed: trial });
      const layers = kernels(model.getWeights()).slice(0, -1);
      const net = toPiecewiseAffine(model);
      model.dispose();
      const [u, v] = [0, 1].map((k) => Array.from({ length: d }, (_, i) => (d === 2 ? Number(i === k) : rng.normal())));
      const tip: Point = moved ? [3 * rng.normal(), 3 * rng.normal()] : [0, 0];
      const origin = u!.map((value, i) => 0 - tip[0] * value - tip[1] * v![i]!);
      const plane: Plane2d = { origin, u: u!, v: v! };
      const all = cones(layers, u!, v!);
      expect(countRegions(net, plane), `plane of network ${trial}`).toBe(all.length);
      const box = boxNear(rng, tip);
      const areas = all.map((cone) => areaInCone(box, tip, cone) / areaOf(box));
      // A cone that hardly touches the box is none, or one.
      const [most, least] = [1e-15, 1e-9].map((share) => areas.filter((area) => area > share).length);
      const regions = sliceRegions(net, plane, { box });
      expect(regions.length, `box ${trial}`).toBeLessThanOrEqual(most!);
      expect(regions.length, `box ${trial}`).toBeGreaterThanOrEqual(least!);
      expect(Math.abs(areaIn(regions, box) / areaOf(box) - 1)).toBeLessThan(1e-9);
      expect(unmatchedEdges(regions).filter((edge) => !onBorder(edge, box))).toEqual([]);
    }
  });
});

/** Whether an edge lies on the border of a box, where it has no neighbour. */
function onBorder(edge: readonly (readonly number[])[], { x, y }: Box2d): boolean {
  return (
    [x[0], x[1]].some((s) => edge.every((corner) => corner[0] === s)) ||
    [y[0], y[1]].some((t) => edge.every((corner) => corner[1] === t))
  );
}
