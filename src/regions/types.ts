/**
 * A linear map A between flat float64 vectors, known by what it does and not by its entries. Several vectors are handled
 * at once as `count` rows of one array, vector c at `[c * size, (c + 1) * size)`.
 */
export interface LinearMap {
  /** Length of x in y = A x. */
  readonly inputSize: number;
  /** Length of y in y = A x. */
  readonly outputSize: number;
  /** The most products that one entry of A x sums. */
  readonly fanIn: number;
  /** How many products A x is made of, at most. */
  readonly products: number;
  /** Bytes that the map holds; those of `absolute` come on top when it is asked for. */
  readonly bytes: number;
  /** Adds A x to y, for each of `count` vectors. */
  addTo(y: Float64Array, x: Float64Array, count: number): void;
  /**
   * Adds the transpose of A times y to x, for each of `count` vectors. All entries of y that are not `listed`, in ascending
   * order, must be zero; a map that can skips them.
   */
  addTransposedTo(x: Float64Array, y: Float64Array, count: number, listed?: Int32Array): void;
  /** Adds A x to y for changes x, and lists the entries of y that may have changed. */
  spread(y: Changes, x: Changes): void;
  /** The map of the absolute values of the entries of A, made when it is first asked for. */
  absolute(): LinearMap;
  /** What the map is made of, if it is a convolution. */
  readonly convolution?: Convolution;
}

/** How a window slides along one axis. */
export interface Axis {
  /** Entries of the input along the axis. */
  readonly input: number;
  /** Entries of the output along the axis. */
  readonly output: number;
  /** Entries of the window. */
  readonly window: number;
  /** Entries that the window moves by. */
  readonly stride: number;
  /** Distance between neighbours inside the window. */
  readonly dilation: number;
  /** Entries of padding before the first input entry. */
  readonly before: number;
}

/** What a convolution is made of; images are [height, width, channels], flat. */
export interface Convolution {
  /** [window height, window width, input channels, filters], flat. */
  readonly kernel: Float64Array;
  /** How the window slides down. */
  readonly rows: Axis;
  /** How the window slides across. */
  readonly columns: Axis;
  /** Channels of the input. */
  readonly channels: number;
  /** Channels of the output. */
  readonly filters: number;
}

/** A vector of changes, most of them zero, with a list of the entries that may not be. */
export interface Changes {
  /** The changes themselves. */
  readonly values: Float64Array;
  /** 1 where an entry is listed. */
  readonly listed: Uint8Array;
  /** The listed entries, the first `count` of this array, in any order. */
  readonly entries: Int32Array;
  /** How many entries are listed. */
  count: number;
}

/** What every node has; see {@link PiecewiseAffine}. */
export interface NodeBase {
  /** Name of the layer that the node comes from. */
  readonly layer: string;
  /** Values that the node reads: 0 is the input of the network, i + 1 the result of node i. */
  readonly inputs: readonly number[];
  /** Length of the node's result. */
  readonly size: number;
}

/** A x + b of one value. */
export interface AffineNode extends NodeBase {
  /** What the node does. */
  readonly kind: 'affine';
  /** A. */
  readonly map: LinearMap;
  /** b, or undefined for zero. Of a length that divides `size`: entry i has number `i % length`, as biases of channels have. */
  readonly offset: Float64Array | undefined;
  /** Sizes of what the layer adds up to b in floating point, if that is more than |b|: terms may cancel. Repeated likewise. */
  readonly offsetSizes?: Float64Array;
  /** The largest deviation that a batch normalisation divides by, which it may do last. */
  readonly deviation?: number;
}

/** The sum of several values. */
export interface SumNode extends NodeBase {
  /** What the node does. */
  readonly kind: 'sum';
}

/**
 * A continuous piecewise linear function of each entry of one value: on piece p, between `thresholds[p - 1]` and
 * `thresholds[p]`, an entry becomes `slope * z + intercept`. Entries with the same slopes share them: there are `period` of
 * them, a divisor of `size`, and entry i has `slopes[(i % period) * pieces + p]` and the intercept at the same place. ReLU
 * has the thresholds [0], the period 1, slopes 0 and 1 and intercepts 0. An entry that equals a threshold belongs to the piece
 * below it.
 */
export interface KinkNode extends NodeBase {
  /** What the node does. */
  readonly kind: 'kink';
  /** Where the pieces of every entry meet, ascending. */
  readonly thresholds: readonly number[];
  /** Number of pieces, one more than thresholds. */
  readonly pieces: number;
  /** How many entries have slopes of their own. */
  readonly period: number;
  /** Slope of each piece, `period` x `pieces`. */
  readonly slopes: Float64Array;
  /** Value at z = 0 of each piece, continued to there; `period` x `pieces`. */
  readonly intercepts: Float64Array;
}

/** The largest entry of each of `size` groups of entries of one value; of equal entries the first listed wins. */
export interface MaxNode extends NodeBase {
  /** What the node does. */
  readonly kind: 'max';
  /** Group g is `members[starts[g]]` up to `members[starts[g + 1] - 1]`. */
  readonly starts: Int32Array;
  /** Entries of the value, group after group. */
  readonly members: Int32Array;
}

/** A node that decides between affine functions. */
export type SwitchNode = KinkNode | MaxNode;

/** One operation of a {@link PiecewiseAffine}. */
export type AffineGraphNode = AffineNode | SumNode | SwitchNode;

/**
 * A network as a continuous piecewise affine function of float64 vectors: a graph of operations in an order in which each
 * reads only the input (value 0) and results of nodes before it (value i + 1 is the result of node i). Images are flat,
 * row after row, the channel changing fastest. It holds numbers only, no tensors.
 */
export interface PiecewiseAffine {
  /** Shape of one input, without the batch axis. */
  readonly inputShape: readonly number[];
  /** Number d of entries of an input. */
  readonly inputSize: number;
  /** Number K of logits. */
  readonly classes: number;
  /** The operations. */
  readonly nodes: readonly AffineGraphNode[];
  /** Which value holds the logits. */
  readonly output: number;
}

/**
 * What each node that decides has decided, by the node's place in `nodes` and undefined for other nodes: the piece of each
 * entry of a {@link KinkNode}, the winner's position inside each group of a {@link MaxNode}.
 */
export type Pattern = readonly (Int32Array | undefined)[];
