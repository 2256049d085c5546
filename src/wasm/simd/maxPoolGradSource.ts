import {
  add,
  type Code,
  type FunctionSource,
  forRange,
  load,
  mul,
  set,
  store,
  vAdd,
  vAnd,
  vGreater,
  vSame,
  vSelect,
  vSplat,
} from '../../core/assembler';

/**
 * `maxPoolGrad(dy, x, dx, height, width, rowBytes, pixelBytes)`: adds the gradient of one window of
 * `height` x `width` pixels, whose first corner lies at `x` and `dx`, to the first maximum of every channel.
 */
export const maxPoolGradSource: FunctionSource = {
  name: 'maxPoolGrad',
  parameters: 7,
  body: (scope, dy, x, dx, height, width, rowBytes, pixelBytes) => {
    const [channel, row, pixel] = [scope.i32(), scope.i32(), scope.i32()];
    const [rowsEnd, rowEnd] = [scope.i32(), scope.i32()];
    const [best, value, place, greater] = [scope.v128(), scope.v128(), scope.v128(), scope.v128()];
    const eachPixel = (body: Code) =>
      forRange(row, channel, rowsEnd, rowBytes, [
        set(rowEnd, add(row, mul(width, pixelBytes))),
        forRange(pixel, row, rowEnd, pixelBytes, body),
      ]);
    return [
      forRange(channel, 0, pixelBytes, 16, [
        set(rowsEnd, add(channel, mul(height, rowBytes))),
        set(best, load(add(x, channel))),
        set(place, vSplat(channel)),
        eachPixel([
          set(value, load(add(x, pixel))),
          set(greater, vGreater(value, best)),
          set(best, vSelect(value, best, greater)),
          set(place, vSelect(vSplat(pixel), place, greater)),
        ]),
        set(value, load(add(dy, channel))),
        eachPixel([store(add(dx, pixel), vAdd(load(add(dx, pixel)), vAnd(value, vSame(place, vSplat(pixel)))))]),
      ]),
    ];
  },
};
