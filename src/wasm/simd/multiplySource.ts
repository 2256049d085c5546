import {
  add,
  type Code,
  type FunctionSource,
  forRange,
  type Local,
  load,
  loadSplat,
  mul,
  set,
  store,
  vAdd,
  vConstant,
  vMul,
  vMulAdd,
} from './assembler';

/** Rows of the result worked on at a time; with two vectors per row their sums fill the registers. */
const ROWS = 4;
/** Columns of a panel of the right-hand factor: two vectors. */
export const PANEL = 8;

/**
 * `multiply(a, b, c, rows, depth, panels)`: the product of a `[rows, depth]` and a matrix packed in panels
 * `[panels, depth, 8]`, written as `[rows, panels * 8]`. Rows and depth are multiples of four.
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
      const left = [scope.i32(), scope.i32(), scope.i32(), scope.i32()];
      const sums = left.map(() => [scope.v128(), scope.v128()] as const);
      const [b0, b1, factor] = [scope.v128(), scope.v128(), scope.v128()];
      const step = (i: number): Code => [
        set(b0, load(weights, i * 32)),
        set(b1, load(weights, i * 32 + 16)),
        left.map((address, r) => [
          set(factor, loadSplat(address, i * 4)),
          accumulate(sums[r]![0], factor, b0),
          accumulate(sums[r]![1], factor, b1),
        ]),
      ];
      return [
        set(aRow, mul(depth, 4)),
        set(cRow, mul(panels, PANEL * 4)),
        forRange(panel, 0, panels, 1, [
          forRange(row, 0, rows, ROWS, [
            set(weights, add(b, mul(mul(panel, aRow), PANEL))),
            left.map((address, r) => set(address, add(a, mul(add(row, r), aRow)))),
            sums.flat().map((sum) => set(sum, vConstant(0))),
            forRange(k, 0, depth, 4, [
              [0, 1, 2, 3].map(step),
              set(weights, add(weights, 4 * 32)),
              left.map((address) => set(address, add(address, 16))),
            ]),
            sums.map(([s0, s1], r) => {
              const target = add(add(c, mul(add(row, r), cRow)), mul(panel, PANEL * 4));
              return [store(target, s0), store(target, s1, 16)];
            }),
          ]),
        ]),
      ];
    },
  };
}
