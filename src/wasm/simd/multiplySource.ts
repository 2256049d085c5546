import {
  add,
  type Code,
  type FunctionSource,
  forRange,
  type Local,
  load,
  loadLane,
  loadSplat,
  mul,
  set,
  store,
  vAdd,
  vConstant,
  vMax,
  vMin,
  vMul,
  vMulAdd,
} from '../../core/assembler';
import { FILTERS } from '../../core/winograd';

/** Columns of a panel of the right-hand factor: two vectors. */
export const PANEL = FILTERS;

/** Rows of the result worked on at a time: as many as the registers hold, which is less where a product needs one, too. */
export function rowsAtATime(fused: boolean): number {
  return fused ? 6 : 4;
}

/** Bytes of a row of a panel. */
const PANEL_ROW = PANEL * 4;
const VECTORS = [0, 1];

/** `a * b + sum` into `sum`, in one instruction of relaxed SIMD where `fused`. */
export function accumulate(fused: boolean, sum: Local, a: Local | Code, b: Local | Code): Code {
  return set(sum, fused ? vMulAdd(a, b, sum) : vAdd(sum, vMul(a, b)));
}

/**
 * `multiply(a, b, c, rows, depth, panels)`: the product of a `[rows, depth]` and a matrix packed in panels
 * `[panels, depth, 8]`, written as `[rows, panels * 8]`. The number of rows is a multiple of {@link rowsAtATime}.
 *
 * `multiplyFinish(..., finish)` begins each sum at a bias and ends it between two limits: at `finish` lie four times the
 * lower limit, four times the upper one, and the biases of all columns.
 *
 * The loop is short on purpose: compilers of WebAssembly make slower code of an unrolled one.
 */
export function multiplySource(fused: boolean, finishing: boolean): FunctionSource {
  return {
    name: finishing ? 'multiplyFinish' : 'multiply',
    parameters: finishing ? 7 : 6,
    body: (scope, a, b, c, rows, depth, panels, finish) => {
      const [aRow, cRow] = [scope.i32(), scope.i32()];
      const [panel, row, k] = [scope.i32(), scope.i32(), scope.i32()];
      const [weights, bias] = [scope.i32(), scope.i32()];
      const left = Array.from({ length: rowsAtATime(fused) }, () => scope.i32());
      const sums = left.map(() => VECTORS.map(() => scope.v128()));
      const right = VECTORS.map(() => scope.v128());
      const factor = scope.v128();
      const start = (v: number) => (finish === undefined ? vConstant(0) : load(bias, 16 * v));
      const end = (sum: Local) => (finish === undefined ? sum : vMin(vMax(sum, load(finish)), load(finish, 16)));
      return [
        set(aRow, mul(depth, 4)),
        set(cRow, mul(panels, PANEL_ROW)),
        forRange(panel, 0, panels, 1, [
          finish === undefined ? [] : set(bias, add(add(finish, 32), mul(panel, PANEL_ROW))),
          forRange(row, 0, rows, left.length, [
            set(weights, add(b, mul(mul(panel, aRow), PANEL))),
            left.map((address, r) => set(address, add(a, mul(add(row, r), aRow)))),
            sums.map((ofRow) => ofRow.map((sum, v) => set(sum, start(v)))),
            forRange(k, 0, depth, 1, [
              right.map((vector, v) => set(vector, load(weights, 16 * v))),
              left.map((address, r) => [
                set(factor, loadSplat(address)),
                right.map((vector, v) => accumulate(fused, sums[r]![v]!, factor, vector)),
                set(address, add(address, 4)),
              ]),
              set(weights, add(weights, PANEL_ROW)),
            ]),
            sums.map((ofRow, r) => {
              const target = add(add(c, mul(add(row, r), cRow)), mul(panel, PANEL_ROW));
              return ofRow.map((sum, v) => store(target, end(sum), 16 * v));
            }),
          ]),
        ]),
      ];
    },
  };
}

/** `packColumns(from, to, depth, rowBytes)`: one panel of eight columns of a matrix with `depth` rows. */
export const packColumnsSource: FunctionSource = {
  name: 'packColumns',
  parameters: 4,
  body: (scope, from, to, depth, rowBytes) => {
    const k = scope.i32();
    return forRange(k, 0, depth, 1, [
      VECTORS.map((v) => store(to, load(from, 16 * v), 16 * v)),
      set(from, add(from, rowBytes)),
      set(to, add(to, PANEL_ROW)),
    ]);
  },
};

/** `packRows(from, to, depth)`: one panel of eight columns of the transpose of a matrix with `depth` columns. */
export const packRowsSource: FunctionSource = {
  name: 'packRows',
  parameters: 3,
  body: (scope, from, to, depth) => {
    const [k, target] = [scope.i32(), scope.i32()];
    const rows = [scope.i32(), scope.i32(), scope.i32(), scope.i32()];
    const lanes = scope.v128();
    // Four rows at a time: more addresses than that do not fit into the registers.
    return VECTORS.map((v) => [
      rows.map((row, r) => set(row, add(from, mul(mul(depth, 4), 4 * v + r)))),
      set(target, add(to, 16 * v)),
      forRange(k, 0, depth, 1, [
        rows.map((row, r) => [set(lanes, loadLane(row, lanes, r)), set(row, add(row, 4))]),
        store(target, lanes),
        set(target, add(target, PANEL_ROW)),
      ]),
    ]);
  },
};
