import {
  add,
  type Code,
  type FunctionSource,
  forRange,
  type Local,
  load,
  mul,
  type Scope,
  set,
  store,
  vAdd,
  vConstant,
  vMax,
  vMin,
  vMul,
  vSub,
} from '../../core/assembler';
import { outputMatrix, TILE } from '../../core/winograd';

const SIDE = [0, 1, 2, 3, 4, 5] as const;

/** `B'`: one dimension of the input's transform, from six values to six. */
function transformInput(d: readonly Local[]): Code[] {
  const four = (x: Local) => vMul(x, vConstant(4));
  const two = (x: Code) => vMul(x, vConstant(2));
  const at = (i: number) => d[i]!;
  const even = vSub(at(4), four(at(2)));
  const odd = vSub(at(3), four(at(1)));
  const evenTwo = vSub(at(4), at(2));
  const oddTwo = two(vSub(at(3), at(1)));
  const ends = (i: number) => vAdd(vSub(four(at(i)), vMul(at(i + 2), vConstant(5))), at(i + 4));
  return [ends(0), vAdd(even, odd), vSub(even, odd), vAdd(evenTwo, oddTwo), vSub(evenTwo, oddTwo), ends(1)];
}

/** `A'`: one dimension of the output's transform, from six values to `outputs` powers of the points. */
function transformOutput(m: readonly Local[], outputs: number): Code[] {
  return outputMatrix(outputs).map((row) =>
    row
      .flatMap((factor, i): Code[] => (factor === 0 ? [] : [vMul(m[i]!, vConstant(factor))]))
      .reduce((sum, term) => vAdd(sum, term)),
  );
}

/** Applies a transform down the columns of a tile into `scratch`, then along its rows. */
function transformTile(
  scope: Scope,
  transform: (values: readonly Local[]) => Code[],
  scratch: Local,
  read: (row: number, column: number) => Code,
  write: (row: number, column: number, value: Code) => Code,
): Code {
  const values = SIDE.map(() => scope.v128());
  const rows = transform(values).length;
  const columns = SIDE.map((column) => [
    values.map((value, row) => set(value, read(row, column))),
    transform(values).map((result, row) => store(scratch, result, (row * TILE + column) * 16)),
  ]);
  const along = Array.from({ length: rows }, (_, row) => [
    values.map((value, column) => set(value, load(scratch, (row * TILE + column) * 16))),
    transform(values).map((result, column) => write(row, column, result)),
  ]);
  return [columns, along];
}

/**
 * `winogradInput(from, to, tilesY, tilesX, rowBytes, pixelBytes, outputs, planeBytes, scratch)`: cuts a zero-padded
 * image into overlapping 6 x 6 tiles, `outputs` apart, and writes their transforms as 36 planes `[tile, channel]`.
 */
export const winogradInputSource: FunctionSource = {
  name: 'winogradInput',
  parameters: 9,
  body: (scope, from, to, tilesY, tilesX, rowBytes, pixelBytes, outputs, planeBytes, scratch) => {
    const [y, x, channel] = [scope.i32(), scope.i32(), scope.i32()];
    const [corner, target] = [scope.i32(), scope.i32()];
    const rows = SIDE.map(() => scope.i32());
    const at = (row: number, column: number) => load(add(rows[row]!, mul(pixelBytes, column)));
    const put = (row: number, column: number, value: Code) =>
      store(add(target, mul(planeBytes, row * TILE + column)), value);
    return [
      forRange(y, 0, tilesY, 1, [
        forRange(x, 0, tilesX, 1, [
          set(corner, add(from, mul(outputs, add(mul(y, rowBytes), mul(x, pixelBytes))))),
          forRange(channel, 0, pixelBytes, 16, [
            rows.map((row, i) => set(row, add(add(corner, channel), mul(rowBytes, i)))),
            set(target, add(to, add(mul(add(mul(y, tilesX), x), pixelBytes), channel))),
            transformTile(scope, transformInput, scratch, at, put),
          ]),
        ]),
      ]),
    ];
  },
};

/**
 * `winogradOutput2` and `winogradOutput4(from, to, tilesY, tilesX, rowBytes, pixelBytes, planeBytes, scratch, finish)`:
 * turn 36 planes of products `[tile, channel]` into tiles of 2 x 2 or 4 x 4 pixels, side by side in an image, with the bias
 * and between the limits at `finish`, as `multiplyFinish` takes them.
 */
export function winogradOutputSource(outputs: number): FunctionSource {
  return {
    name: `winogradOutput${outputs}`,
    parameters: 9,
    body: (scope, from, to, tilesY, tilesX, rowBytes, pixelBytes, planeBytes, scratch, finish) => {
      const [y, x, channel] = [scope.i32(), scope.i32(), scope.i32()];
      const [source, corner] = [scope.i32(), scope.i32()];
      const at = (row: number, column: number) => load(add(source, mul(planeBytes, row * TILE + column)));
      const put = (row: number, column: number, value: Code) =>
        store(
          add(corner, add(mul(rowBytes, row), mul(pixelBytes, column))),
          vMin(vMax(vAdd(value, load(add(finish, channel), 32)), load(finish)), load(finish, 16)),
        );
      const transform = (values: readonly Local[]) => transformOutput(values, outputs);
      return [
        forRange(y, 0, tilesY, 1, [
          forRange(x, 0, tilesX, 1, [
            forRange(channel, 0, pixelBytes, 16, [
              set(source, add(from, add(mul(add(mul(y, tilesX), x), pixelBytes), channel))),
              set(corner, add(to, add(channel, mul(add(mul(y, rowBytes), mul(x, pixelBytes)), outputs)))),
              transformTile(scope, transform, scratch, at, put),
            ]),
          ]),
        ]),
      ];
    },
  };
}
