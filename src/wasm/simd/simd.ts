import {
  add,
  assemble,
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
import type { WasmBackend } from '../backend';
import { DEPTHWISE_WIDTHS, depthwiseSource, MOST_TAPS } from './depthwiseSource';
import { multiplySource, packColumnsSource, packRowsSource, rowsAtATime } from './multiplySource';
import { winogradInputSource, winogradOutputSource } from './winogradSource';

const TAPS = Array.from({ length: MOST_TAPS + 1 }, (_, taps) => taps);

const sources = (fused: boolean): FunctionSource[] => [
  addPatchesSource,
  gateSource,
  maxPoolGradSource,
  multiplySource(fused, false),
  multiplySource(fused, true),
  packColumnsSource,
  packRowsSource,
  patchesSource,
  winogradInputSource,
  winogradOutputSource(2),
  winogradOutputSource(4),
  ...DEPTHWISE_WIDTHS.flatMap((width) => TAPS.map((taps) => depthwiseSource(taps, width, fused))),
];

type Run = (...parameters: number[]) => void;

/** Vector code that works directly on the memory of the backend; all addresses and strides are in bytes. */
export interface Simd
  extends Readonly<
    Record<
      | 'addPatches'
      | 'gate'
      | 'maxPoolGrad'
      | 'multiply'
      | 'multiplyFinish'
      | 'packColumns'
      | 'packRows'
      | 'patches'
      | 'winogradInput'
      | 'winogradOutput2'
      | 'winogradOutput4',
      Run
    >
  > {
  /** Sums of so many taps, from none to nine, for four or eight channels at a time. */
  readonly depthwise: Readonly<Record<4 | 8, readonly Run[]>>;
  /** Rows of a product worked on at a time: the number of rows of a `multiply` is a multiple. */
  readonly rows: number;
}

const instances = new WeakMap<WasmBackend, Simd | null>();

/** The vector code for this backend, or `null` where the engine lacks SIMD or the memory cannot be shared. */
export function simd(backend: WasmBackend): Simd | null {
  const known = instances.get(backend);
  if (known !== undefined) return known;
  const instance = instantiate(backend.wasm.asm?.memory);
  instances.set(backend, instance);
  return instance;
}

function instantiate(memory: unknown): Simd | null {
  if (!(memory instanceof WebAssembly.Memory)) return null;
  // Engines without relaxed SIMD refuse the first module, those without SIMD and shared memories both.
  for (const fused of [true, false]) {
    try {
      // Compiled at once, as a kernel cannot wait.
      const module = new WebAssembly.Module(assemble(sources(fused)));
      const { exports } = new WebAssembly.Instance(module, { env: { memory } });
      const tapsOf = (width: number) => TAPS.map((taps) => exports[`depthwise${taps}x${width}`] as Run);
      const depthwise = { 4: tapsOf(4), 8: tapsOf(8) };
      return { ...(exports as Omit<Simd, 'depthwise' | 'rows'>), depthwise, rows: rowsAtATime(fused) };
    } catch {}
  }
  return null;
}

/**
 * `gate(dy, y, dx, bytes, limits)`: copies `dy` where `y` lies strictly between the limits at `limits`, each of them four
 * times, and writes zeros elsewhere: the gradient of a function that cuts off at both.
 */
const gateSource: FunctionSource = {
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

/**
 * `patches(from, to, pixels, inStep, rows, rowBytes, runBytes)`: lays the windows of a row of pixels out as the rows of a
 * matrix. A window is `rows` runs of `runBytes`, `rowBytes` apart; the next begins `inStep` further on. Runs are copied
 * sixteen bytes at a time, so up to twelve bytes behind the last one are read and written.
 */
const patchesSource: FunctionSource = {
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
const addPatchesSource: FunctionSource = {
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

/**
 * `maxPoolGrad(dy, x, dx, height, width, rowBytes, pixelBytes)`: adds the gradient of one window of
 * `height` x `width` pixels, whose first corner lies at `x` and `dx`, to the first maximum of every channel.
 */
const maxPoolGradSource: FunctionSource = {
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
