import { add, type FunctionSource, forRange, load, mul, set, store, vAdd } from '../../core/assembler';

/**
 * `patches(from, to, pixels, inStep, rows, rowBytes, runBytes)`: lays the windows of a row of pixels out as the rows of a
 * matrix. A window is `rows` runs of `runBytes`, `rowBytes` apart; the next begins `inStep` further on. Runs are copied
 * sixteen bytes at a time, so up to twelve bytes behind the last one are read and written.
 */
export const patchesSource: FunctionSource = {
  name: 'patches',
  parameters: 7,
  body: (scope, from, to, pixels, inStep, rows, rowBytes, runBytes) => {
    const [pixel, row, run, source] = [scope.i32(), scope.i32(), scope.i32(), scope.i32()];
    return forRange(pixel, 0, pixels, 1, [
      forRange(row, 0, rows, 1, [
        set(source, add(from, mul(row, rowBytes))),
        forRange(run, 0, runBytes, 16, store(add(to, run), load(add(source, run)))),
        set(to, add(to, runBytes)),
      ]),
      set(from, add(from, inStep)),
    ]);
  },
};

/**
 * `addPatches(from, patchBytes, to, pixels, outStep, rows, rowBytes, runBytes)`: the way back, adds the rows of a matrix to the
 * windows of a row of pixels. The runs of a window follow each other in its row of the matrix, of `patchBytes` in all;
 * `runBytes` is a multiple of sixteen.
 */
export const addPatchesSource: FunctionSource = {
  name: 'addPatches',
  parameters: 8,
  body: (scope, from, patchBytes, to, pixels, outStep, rows, rowBytes, runBytes) => {
    const [pixel, row, run, source, target] = [scope.i32(), scope.i32(), scope.i32(), scope.i32(), scope.i32()];
    return forRange(pixel, 0, pixels, 1, [
      set(source, from),
      forRange(row, 0, rows, 1, [
        set(target, add(to, mul(row, rowBytes))),
        forRange(run, 0, runBytes, 16, store(add(target, run), vAdd(load(add(target, run)), load(add(source, run))))),
        set(source, add(source, runBytes)),
      ]),
      set(from, add(from, patchBytes)),
      set(to, add(to, outStep)),
    ]);
  },
};
