import * as tf from '@tensorflow/tfjs-core';
import type { LayersModel } from '@tensorflow/tfjs-layers';
import { applied } from '../../classifier/rightKernels';
import type { Classifier } from '../../classifier/types';
import type { Layer, LayerCall } from '../../classifier/walkGraph';
import { refuse } from '../../core/check';
import { readNow } from '../../core/readNow';
import { softmax } from '../../core/softmax';
import { applyNode, decideAt } from '../pass/applyNode';
import { push } from '../pass/push';
import { repeated, steepestSlopes } from '../pass/rounding';
import type { AffineGraphNode, AffineNode, LinearMap, PiecewiseAffine } from '../types';
import { type Graph, sizeOf, unsupported, type Value } from './graph';

/** How many times unit * sqrt(terms) * size the rounding of a sum may be; its standard deviation is below once. */
const SURELY = 16;
/** The same by the largest result of a channel, which needs no sizes; what is within that needs no closer look. */
const CLEARLY = 4;
/** How much more a fast convolution (Winograd) rounds than a plain one, measured by its largest result. */
const FAST = 8;
/** Two ways of running the same layers agree at least to this part of the largest result. */
const SAME = 1e-3;

/** How a backend rounds. */
interface Precision {
  /** Half a unit in the last place of 1. */
  readonly unit: number;
  /** Smaller numbers may become zero. */
  readonly tiny: number;
  /** Larger numbers may have overflowed on the way. */
  readonly huge: number;
}

function precisionNow(): Precision {
  return tf.backend().floatPrecision() === 16
    ? { unit: 2 ** -11, tiny: 2 ** -14, huge: 1e3 }
    : { unit: 2 ** -24, tiny: 2 ** -126, huge: 1e36 };
}

/** What is known of a tensor on the way: where it is in the graph. */
export interface Reading {
  readonly value: Value;
}

/** A layer that has been read, at one of the places where it is used. */
export interface Step {
  readonly call: LayerCall<Reading>;
  /** Which of the nodes of the graph are read of it: from number `from` up to `to` - 1. */
  readonly from: number;
  readonly to: number;
  readonly made: Reading;
}

/**
 * Refuses a model that computes something else than what has been read of it. Layer after layer is run on what the model itself has
 * computed before it; what no later layer needs is given up, so that it takes no more memory than a forward pass.
 */
export function checkSteps(
  graph: Graph,
  steps: readonly Step[],
  model: LayersModel,
  { start, result, probes }: { readonly start: Reading; readonly result: Reading; readonly probes: tf.Tensor },
): void {
  const lastReader = new Map<Reading, Step>();
  for (const step of steps) for (const input of step.call.inputs) lastReader.set(input, step);
  const computed = new Map<Reading, tf.Tensor>([[start, tf.clone(probes)]]);
  for (const step of steps) {
    const { inputs } = step.call;
    const given = inputs.map((input) => computed.get(input)!);
    const output = tf.tidy(() => tf.clone(computedBy(step.call.layer, given)));
    checkLayer(graph, step, given, output);
    computed.set(step.made, output);
    for (const input of new Set(inputs))
      if (lastReader.get(input) === step && input !== result) {
        tf.dispose(computed.get(input)!);
        computed.delete(input);
      }
  }
  checkWhole(model, probes, computed.get(result)!);
}

/** What a layer computes in inference mode; an error of tfjs becomes a refusal that names the layer. */
function computedBy(layer: Layer, x: tf.Tensor[]): tf.Tensor {
  try {
    return applied(layer, x);
  } catch (error) {
    return unsupported(
      { layer: layer.name, className: layer.getClassName() },
      'layers that tfjs can run',
      `, which throws: ${error instanceof Error ? error.message : String(error)}`,
    );
  }
}

/**
 * Refuses a layer that computes something else than the nodes that were read of it: runs both on
 * what the model itself has computed before the layer. They may differ by rounding, which is judged for every entry from the
 * sizes of what is added up there; entries that may have overflowed are left aside.
 */
function checkLayer(graph: Graph, { call, from, to, made }: Step, read: readonly tf.Tensor[], output: tf.Tensor): void {
  const { layer, inputs, last } = call;
  const { value } = made;
  const [got, ...given] = [output, ...read].map(valuesOf);
  if (got === undefined || given.includes(undefined)) return;
  const ending = last ? endingOf(layer) : undefined;
  const precision = precisionNow();
  const nodes = graph.slice(from, to);
  const refuseLayer = (what: string) =>
    unsupported(
      { layer: layer.name, className: layer.getClassName() },
      'layers that compute what their configuration says',
      `, which computes ${what}`,
    );
  const [rows, ...shape] = output.shape as [number, ...number[]];
  if (sizeOf(value.shape) !== (ending === 'sigmoid' ? 2 : sizeOf(shape)))
    refuseLayer(`the shape [${shape.join(', ')}]`);
  for (let row = 0; row < rows; row++) {
    const points = given.map((values) => rowOf(values!, row, rows));
    if (!points.every((point) => point.every(Number.isFinite))) continue;
    const actual = rowOf(got, row, rows);
    const values = new Map<number, Float64Array>(inputs.map(({ value: { id } }, i) => [id, points[i]!]));
    for (const [n, node] of nodes.entries()) values.set(from + n + 1, resultOf(node, values));
    const result = values.get(value.id)!;
    if (!ending && isClose(actual, result, shape, nodes, precision)) continue;
    const errors = new Map<number, Float64Array>(inputs.map(({ value: { id } }) => [id, NO_ERRORS]));
    for (const [n, node] of nodes.entries()) errors.set(from + n + 1, errorsOf(node, values, errors, precision));
    const run = { values: result, errors: errors.get(value.id)! };
    const expected = ending ? asProbabilities(run, sizeOf(shape), precision.unit) : run;
    const bad = actual.findIndex((v, i) => isFar(v, expected.values[i]!, errorAt(expected.errors, i)));
    if (bad >= 0) refuseLayer(`${actual[bad]} where ${expected.values[bad]} was read`);
  }
}

/** Whether values differ by more than an error, which says nothing if it is infinite. */
function isFar(a: number, b: number, error: number): boolean {
  return error < Number.POSITIVE_INFINITY && !(Math.abs(a - b) <= error);
}

/** Whether results are so close, by the largest of their channel, that rounding needs no closer look. */
function isClose(
  actual: Float64Array,
  result: Float64Array,
  shape: readonly number[],
  nodes: readonly AffineGraphNode[],
  { unit }: Precision,
): boolean {
  const terms = nodes.reduce((most, node) => Math.max(most, node.kind === 'affine' ? node.map.fanIn : 0), 4);
  const channels = shape.length > 1 ? shape.at(-1)! : 1;
  const largest = new Float64Array(channels);
  for (const [i, value] of result.entries()) {
    if (Math.abs(value) > largest[i % channels]!) largest[i % channels] = Math.abs(value);
  }
  const share = CLEARLY * unit * Math.sqrt(terms);
  return actual.every((v, i) => Math.abs(v - result[i]!) <= share * largest[i % channels]!);
}

/** Refuses a model that computes something else than its layers do one after the other; `result` is theirs. */
function checkWhole(model: LayersModel, probes: tf.Tensor, result: tf.Tensor): void {
  const first = (x: tf.Tensor) => tf.slice(x, 0, 1);
  const whole = valuesOf(applied(model, [first(probes)]));
  const parts = valuesOf(first(result));
  if (whole === undefined || parts === undefined) return;
  const slack = SAME * parts.reduce((a, b) => Math.max(a, Math.abs(b)), 0);
  if (
    whole.length === parts.length &&
    whole.every((v, i) => Object.is(v, parts[i]) || Math.abs(v - parts[i]!) <= slack)
  )
    return;
  unsupported(
    { layer: model.name, className: model.getClassName() },
    'a model that computes what its layers do, one after the other',
  );
}

/** Two distributions over the classes that are the same but for rounding differ by no more. */
const SAME_PROBABILITY = 0.02;

/** Refuses a classifier that makes other logits of its model, for example of probabilities that were taken for logits. */
export function checkClassifier(net: PiecewiseAffine, classifier: Classifier, probes: tf.Tensor): void {
  const first = tf.slice(probes, 0, 1);
  const [inside, logits] = [first, classifier.logits(first)].map(valuesOf);
  if (inside === undefined || logits === undefined) return;
  const read = softmax(push(net, inside, { count: 1, points: 1 }, decideAt).outputs.slice());
  const made = softmax(logits);
  const same = made.length === read.length && made.every((p, k) => !(Math.abs(p - read[k]!) > SAME_PROBABILITY));
  if (!same)
    refuse(
      { fn: 'toPiecewiseAffine', argument: 'model' },
      'UNSUPPORTED_MODEL',
      "a classifier whose logits are the model's, up to a constant",
      'one with other logits',
      'Pass the LayersModel itself, or make the classifier without options for `outputs` and `classes`.',
    );
}

/** The values of a tensor; undefined on webgpu. */
function valuesOf(tensor: tf.Tensor): Float64Array | undefined {
  const values = readNow(tensor);
  return values && Float64Array.from(values);
}

/** Row number `row` of as many as `rows`. */
function rowOf(values: Float64Array, row: number, rows: number): Float64Array {
  const size = values.length / rows;
  return values.subarray(row * size, (row + 1) * size);
}

/** Values in float64, and how far float32 may be from each; as many errors as values, or one for all. */
interface Run {
  readonly values: Float64Array;
  readonly errors: Float64Array;
}

const NO_ERRORS = new Float64Array(1);

function errorAt(errors: Float64Array, i: number): number {
  return errors[errors.length === 1 ? 0 : i]!;
}

/** The result of a node at one point. */
function resultOf(node: AffineGraphNode, values: ReadonlyMap<number, Float64Array>): Float64Array {
  const inputs = node.inputs.map((id) => values.get(id)!);
  const states = node.kind === 'kink' || node.kind === 'max' ? decideAt(node, inputs[0]!) : undefined;
  return applyNode(node, inputs, states, { count: 1, points: 1 });
}

/** How far float32 may be from that. */
function errorsOf(
  node: AffineGraphNode,
  values: ReadonlyMap<number, Float64Array>,
  errors: ReadonlyMap<number, Float64Array>,
  precision: Precision,
): Float64Array {
  const { unit, tiny } = precision;
  const inputs = node.inputs.map((id) => ({ values: values.get(id)!, errors: errors.get(id)! }));
  const [first] = inputs;
  switch (node.kind) {
    case 'affine':
      return affineErrors(node, first!, precision);
    case 'sum':
      return first!.values.map((_, i) =>
        inputs.reduce(
          (sum, input) => sum + errorAt(input.errors, i) + SURELY * unit * Math.abs(input.values[i]!),
          tiny,
        ),
      );
    case 'kink': {
      const steepest = steepestSlopes(node);
      return first!.values.map((z, i) => {
        return steepest[i % node.period]! * (errorAt(first!.errors, i) + SURELY * unit * Math.abs(z)) + tiny;
      });
    }
    case 'max':
      return Float64Array.of(first!.errors.reduce((a, b) => Math.max(a, b), 0));
  }
}

/** Rounding of a sum is about the square root of the number of terms, by their sizes; sizes near overflow say nothing. */
function affineErrors({ map, offset, offsetSizes }: AffineNode, { values, errors }: Run, precision: Precision) {
  const { unit, tiny, huge } = precision;
  const absolute = map.absolute();
  const sizes = new Float64Array(map.outputSize);
  absolute.addTo(sizes, values.map(Math.abs), 1);
  const shifts = repeated(offsetSizes ?? offset?.map(Math.abs), map.outputSize);
  for (let i = 0; i < sizes.length; i++) sizes[i]! += shifts[i]!;
  const carried = new Float64Array(map.outputSize);
  if (errors.some((error) => error > 0))
    absolute.addTo(
      carried,
      values.map((_, i) => errorAt(errors, i)),
      1,
    );
  const filters = isWindowed(map) ? map.convolution!.filters : 0;
  const largest = new Float64Array(filters);
  if (filters > 0)
    for (const [i, size] of sizes.entries()) largest[i % filters] = Math.max(largest[i % filters]!, size);
  const terms = map.fanIn + 4;
  return sizes.map((size, i) => {
    if (size > huge) return Number.POSITIVE_INFINITY;
    const measure = filters > 0 ? FAST * largest[i % filters]! : size;
    return carried[i]! + SURELY * unit * Math.sqrt(terms) * measure + terms * tiny;
  });
}

/** Whether a map is a convolution by more than single pixels. */
function isWindowed({ convolution: c }: LinearMap): boolean {
  return c !== undefined && c.rows.window * c.columns.window > 1;
}

/** How a layer at the end turns logits into probabilities, if it does. */
function endingOf(layer: Layer): 'softmax' | 'sigmoid' | undefined {
  const { activation } = layer.getConfig();
  if (layer.getClassName() === 'Softmax' || activation === 'softmax') return 'softmax';
  return activation === 'sigmoid' ? 'sigmoid' : undefined;
}

/** The softmax of logits with errors, or the last few probabilities of it. */
function asProbabilities({ values, errors }: Run, count: number, unit: number): Run {
  const [error, size] = [errors, values].map((list) => list.reduce((a, b) => Math.max(a, Math.abs(b)), 0));
  // The logarithm of a probability changes by no more than twice the change of the logits.
  const change = Math.expm1(2 * (error! + SURELY * unit * (1 + size!)));
  const probabilities = softmax(values.slice()).slice(-count);
  if (error === Number.POSITIVE_INFINITY) return { values: probabilities, errors: Float64Array.of(error) };
  return { values: probabilities, errors: probabilities.map((p) => p * change + unit) };
}
