import { add, type FunctionSource, forRange, load, loadLane, mul, set, store } from './assembler';
import { PANEL } from './multiplySource';

/** Bytes of a row of a panel. */
const PANEL_ROW = PANEL * 4;

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
