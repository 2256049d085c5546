import { FILTERS } from '../../core/winograd';
import {
  add,
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
  vMul,
  vMulAdd,
} from './assembler';

/** Rows of the result worked on at a time. */
export const ROWS = 2;
/** Columns of a panel of the right-hand factor: four vectors, so that the sums of two rows fill half of the registers. */
export const PANEL = FILTERS;

/** Bytes of a row of a panel. */
const PANEL_ROW = PANEL * 4;
const VECTORS = [0, 1, 2, 3];

/**
 * `multiply(a, b, c, rows, depth, panels)`: the product of a `[rows, depth]` and a matrix packed in panels
 * `[panels, depth, 16]`, written as `[rows, panels * 16]`. The number of rows is even.
 *
 * The loop is short on purpose: older compilers of WebAssembly make slower code of an unrolled one.
 * `fused` takes the multiply-add of relaxed SIMD.
 */
export function multiplySource(fused: boolean): FunctionSource {
  const accumulate = (sum: Local, a: Local, b: Local) => set(sum, fused ? vMulAdd(a, b, sum) : vAdd(sum, vMul(a, b)));
  return {
    name: 'multiply',
    parameters: 6,
    body: (scope, a, b, c, rows, depth, panels) => {
      const [aRow, cRow] = [scope.i32(), scope.i32()];
      const [panel, row, k] = [scope.i32(), scope.i32(), scope.i32()];
      const weights = scope.i32();
      const left = Array.from({ length: ROWS }, () => scope.i32());
      const sums = left.map(() => VECTORS.map(() => scope.v128()));
      const right = VECTORS.map(() => scope.v128());
      const factor = scope.v128();
      return [
        set(aRow, mul(depth, 4)),
        set(cRow, mul(panels, PANEL_ROW)),
        forRange(panel, 0, panels, 1, [
          forRange(row, 0, rows, ROWS, [
            set(weights, add(b, mul(mul(panel, aRow), PANEL))),
            left.map((address, r) => set(address, add(a, mul(add(row, r), aRow)))),
            sums.flat().map((sum) => set(sum, vConstant(0))),
            forRange(k, 0, depth, 1, [
              right.map((vector, v) => set(vector, load(weights, 16 * v))),
              left.map((address, r) => [
                set(factor, loadSplat(address)),
                right.map((vector, v) => accumulate(sums[r]![v]!, factor, vector)),
                set(address, add(address, 4)),
              ]),
              set(weights, add(weights, PANEL_ROW)),
            ]),
            sums.map((ofRow, r) => {
              const target = add(add(c, mul(add(row, r), cRow)), mul(panel, PANEL_ROW));
              return ofRow.map((sum, v) => store(target, sum, 16 * v));
            }),
          ]),
        ]),
      ];
    },
  };
}

/** `packColumns(from, to, depth, rowBytes)`: one panel of sixteen columns of a matrix with `depth` rows. */
export const packColumnsSource: FunctionSource = {
  name: 'packColumns',
  parameters: 4,
  body: (scope, from, to, depth, rowBytes) => {
    const k = scope.i32();
    return forRange(k, 0, depth, 1, [
      [0, 16, 32, 48].map((offset) => store(to, load(from, offset), offset)),
      set(from, add(from, rowBytes)),
      set(to, add(to, PANEL_ROW)),
    ]);
  },
};

/** `packRows(from, to, depth)`: one panel of sixteen columns of the transpose of a matrix with `depth` columns. */
export const packRowsSource: FunctionSource = {
  name: 'packRows',
  parameters: 3,
  body: (scope, from, to, depth) => {
    const [k, target] = [scope.i32(), scope.i32()];
    const rows = [scope.i32(), scope.i32(), scope.i32(), scope.i32()];
    const lanes = scope.v128();
    // Four rows at a time: more addresses than that do not fit into the registers.
    return [0, 4, 8, 12].map((first) => [
      rows.map((row, r) => set(row, add(from, mul(mul(depth, 4), first + r)))),
      set(target, add(to, 4 * first)),
      forRange(k, 0, depth, 1, [
        rows.map((row, r) => [set(lanes, loadLane(row, lanes, r)), set(row, add(row, 4))]),
        store(target, lanes),
        set(target, add(target, PANEL_ROW)),
      ]),
    ]);
  },
};
