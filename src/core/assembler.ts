/** Bytes of WebAssembly code, nested as they were put together. */
export type Code = readonly (number | Code)[];

/** A variable of a function under construction. */
export interface Local {
  readonly local: number;
}

/** A whole number, a variable to read, or code that leaves a value on the stack. */
export type Operand = number | Local | Code;

const I32 = 0x7f;
const V128 = 0x7b;
const VOID = 0x40;

/** Unsigned LEB128, the format of every size and index. */
function unsigned(value: number): number[] {
  const rest = Math.floor(value / 128);
  return rest === 0 ? [value] : [(value % 128) + 128, ...unsigned(rest)];
}

/** Signed LEB128, the format of constants. */
function signed(value: number): number[] {
  const low = value & 127;
  const rest = value >> 7;
  const done = (rest === 0 && low < 64) || (rest === -1 && low >= 64);
  return done ? [low] : [low | 128, ...signed(rest)];
}

function read(operand: Operand): Code {
  if (typeof operand === 'number') return [0x41, signed(operand)];
  return 'local' in operand ? [0x20, unsigned(operand.local)] : operand;
}

const binary =
  (...opcode: number[]) =>
  (a: Operand, b: Operand): Code => [read(a), read(b), opcode];

/** Sum of two i32. */
export const add = binary(0x6a);
/** Product of two i32. */
export const mul = binary(0x6c);
/** Lane-wise sum of four f32. */
export const vAdd = binary(0xfd, 0xe4, 0x01);
/** Lane-wise difference of four f32. */
export const vSub = binary(0xfd, 0xe5, 0x01);
/** Lane-wise product of four f32. */
export const vMul = binary(0xfd, 0xe6, 0x01);
/** `a * b + c` on four f32, rounded once where the processor can: an instruction of relaxed SIMD. */
export function vMulAdd(a: Operand, b: Operand, c: Operand): Code {
  return [read(a), read(b), read(c), 0xfd, 0x85, 0x02];
}
/** The smaller of two f32 in each lane: one instruction, which keeps a NaN of `a`. */
export const vMin = binary(0xfd, 0xea, 0x01);
/** The greater of two f32 in each lane; likewise. */
export const vMax = binary(0xfd, 0xeb, 0x01);
/** Lanes where the first f32 is greater, as masks. */
export const vGreater = binary(0xfd, 0x44);
/** Lanes where two i32 are equal, as masks. */
export const vSame = binary(0xfd, 0x37);
/** Bitwise and. */
export const vAnd = binary(0xfd, 0x4e);

/** `a` where the mask is set, else `b`. */
export function vSelect(a: Operand, b: Operand, mask: Operand): Code {
  return [read(a), read(b), read(mask), 0xfd, 0x52];
}

/** Four copies of an i32. */
export function vSplat(value: Operand): Code {
  return [read(value), 0xfd, 0x11];
}

/** Four copies of an f32 constant. */
export function vConstant(value: number): Code {
  const bytes = new Uint8Array(new Float32Array([value]).buffer);
  return [0x43, [...bytes], 0xfd, 0x13];
}

/** Lane-wise sum of two f64. */
export const dAdd = binary(0xfd, 0xf0, 0x01);
/** Lane-wise product of two f64. */
export const dMul = binary(0xfd, 0xf2, 0x01);

/** The i32 at an address plus a constant offset, both in bytes. */
export function loadWhole(address: Operand, offset = 0): Code {
  return [read(address), 0x28, 2, unsigned(offset)];
}

/** Sixteen bytes, as four f32 or two f64, from an address plus a constant offset, both in bytes. */
export function load(address: Operand, offset = 0): Code {
  return [read(address), 0xfd, 0x00, 2, unsigned(offset)];
}

/** Four copies of the f32 at an address. */
export function loadSplat(address: Operand, offset = 0): Code {
  return [read(address), 0xfd, 0x09, 2, unsigned(offset)];
}

/** Two copies of the f64 at an address. */
export function dLoadSplat(address: Operand, offset = 0): Code {
  return [read(address), 0xfd, 0x0a, 3, unsigned(offset)];
}

/** The f64 at an address, and zero. */
export function dLoadOne(address: Operand): Code {
  return [read(address), 0xfd, 0x5d, 3, 0];
}

/** Writes the first of two f64. */
export function dStoreOne(address: Operand, value: Operand): Code {
  return [read(address), read(value), 0xfd, 0x5b, 3, 0, 0];
}

/** A vector with one of its four lanes replaced by the f32 at an address. */
export function loadLane(address: Operand, vector: Operand, lane: number): Code {
  return [read(address), read(vector), 0xfd, 0x56, 2, 0, lane];
}

/** Writes sixteen bytes. */
export function store(address: Operand, value: Operand, offset = 0): Code {
  return [read(address), read(value), 0xfd, 0x0b, 2, unsigned(offset)];
}

/** Gives a variable a value. */
export function set(variable: Local, value: Operand): Code {
  return [read(value), 0x21, unsigned(variable.local)];
}

/** Runs `body` for `counter = from, from + step, ...` as long as it is below `limit` (unsigned). */
export function forRange(counter: Local, from: Operand, limit: Operand, step: Operand, body: Code): Code {
  const leaveAtLimit: Code = [read(counter), read(limit), 0x4f, 0x0d, 1];
  const next = set(counter, add(counter, step));
  return [set(counter, from), 0x02, VOID, 0x03, VOID, leaveAtLimit, body, next, 0x0c, 0, 0x0b, 0x0b];
}

/** Makes variables of the function under construction. */
export interface Scope {
  /** A new i32, zero at first. */
  i32(): Local;
  /** A new vector of four lanes, zero at first. */
  v128(): Local;
}

/** A function without a result whose parameters are all i32. */
export interface FunctionSource {
  /** Name under which the module exports it. */
  readonly name: string;
  /** How many parameters it takes. */
  readonly parameters: number;
  /** Its code. */
  readonly body: (scope: Scope, ...parameters: Local[]) => Code;
}

/** Bytes of WebAssembly's unit of memory. */
export const PAGE = 65_536;

/** A module of a few short functions, compiled at once; undefined where the engine has no vectors. */
export function compiled(functions: readonly FunctionSource[]): WebAssembly.Module | undefined {
  try {
    return new WebAssembly.Module(assemble(functions));
  } catch {
    return undefined;
  }
}

/** The bytes of a module that works on an imported memory `env.memory`. */
export function assemble(functions: readonly FunctionSource[]): Uint8Array<ArrayBuffer> {
  const all = <T>(entries: readonly T[], write: (entry: T, i: number) => Code) => vector(entries.map(write));
  return Uint8Array.from(
    flat([
      [0x00, 0x61, 0x73, 0x6d, 1, 0, 0, 0],
      section(
        1,
        all(functions, (f) => [0x60, vector(new Array<number>(f.parameters).fill(I32)), 0]),
      ),
      section(2, vector([[text('env'), text('memory'), 0x02, 0x00, 1]])),
      section(
        3,
        all(functions, (_, i) => unsigned(i)),
      ),
      section(
        7,
        all(functions, (f, i) => [text(f.name), 0x00, unsigned(i)]),
      ),
      section(
        10,
        all(functions, (f) => sized(functionBody(f))),
      ),
    ]),
  );
}

function functionBody({ parameters, body }: FunctionSource): Code {
  const types: number[] = [];
  const variable = (type: number): Local => ({ local: parameters + types.push(type) - 1 });
  const scope: Scope = { i32: () => variable(I32), v128: () => variable(V128) };
  const code = body(scope, ...Array.from({ length: parameters }, (_, local) => ({ local })));
  return [vector(types.map((type) => [1, type])), code, 0x0b];
}

function section(id: number, content: Code): Code {
  return [id, sized(content)];
}

function sized(content: Code): Code {
  const bytes = flat(content);
  return [unsigned(bytes.length), bytes];
}

function vector(entries: Code): Code {
  return [unsigned(entries.length), entries];
}

function text(name: string): Code {
  return vector([...new TextEncoder().encode(name)]);
}

function flat(code: Code): number[] {
  return code.flatMap((part) => (typeof part === 'number' ? part : flat(part)));
}
