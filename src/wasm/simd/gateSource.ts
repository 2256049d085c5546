import { add, type FunctionSource, forRange, load, set, store, vAnd, vGreater } from '../../core/assembler';

/**
 * `gate(dy, y, dx, bytes, limits)`: copies `dy` where `y` lies strictly between the limits at `limits`, each of them four
 * times, and writes zeros elsewhere: the gradient of a function that cuts off at both.
 */
export const gateSource: FunctionSource = {
  name: 'gate',
  parameters: 5,
  body: (scope, dy, y, dx, bytes, limits) => {
    const place = scope.i32();
    const [value, low, high] = [scope.v128(), scope.v128(), scope.v128()];
    return [
      set(low, load(limits)),
      set(high, load(limits, 16)),
      forRange(place, 0, bytes, 16, [
        set(value, load(add(y, place))),
        store(add(dx, place), vAnd(load(add(dy, place)), vAnd(vGreater(value, low), vGreater(high, value)))),
      ]),
    ];
  },
};
