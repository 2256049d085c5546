import { expect, test } from 'vitest';
import { checkKeys, type KeysOf } from '../../src/core/check';
import { OverconfidenceError } from '../../src/core/errors';

const where = { fn: 'evaluateOod', argument: 'data' };
const known = { in: true, out: true, adversarialNoise: true, epochs: true } as const;

function refusal(options: object, keys: KeysOf<object> = known): OverconfidenceError {
  try {
    checkKeys<object>(where, options, keys);
  } catch (error) {
    if (error instanceof OverconfidenceError) return error;
  }
  throw new Error('checkKeys accepted the options');
}

test('checkKeys accepts known keys, an empty object, and known keys that are undefined', () => {
  checkKeys<object>(where, { in: 1, epochs: undefined }, known);
  checkKeys<object>(where, {}, known);
});

test.each([
  ['ood', 'out'],
  ['epoch', 'epochs'],
  ['Out', 'out'],
  ['OUT', 'out'],
  ['epochss', 'epochs'],
  ['epicgs', 'epochs'],
  ['wpoch', 'epochs'],
  ['xy', undefined],
  ['adversNoise', 'adversarialNoise'],
  ['adverNoise', undefined],
  ['adversarial_noise', 'adversarialNoise'],
  ['advNoise', undefined],
  ['colour', undefined],
  ['toString', undefined],
])('checkKeys refuses `%s` and offers %s', (key, offered) => {
  const { code, fix, got } = refusal({ [key]: 1 });
  expect([code, got]).toEqual(['INVALID_OPTION', `the key \`${key}\``]);
  expect(fix).toBe(offered === undefined ? 'Leave it out.' : `Did you mean \`${offered}\`?`);
});

test('checkKeys looks at letters, not at capitals, and offers the first of equals', () => {
  expect(refusal({ abc: 1 }, { ABC: true } as KeysOf<object>).fix).toBe('Did you mean `ABC`?');
  expect(refusal({ stop: 1 }, { step: true, stoq: true } as KeysOf<object>).fix).toBe('Did you mean `step`?');
  expect(refusal({ steqs: 1 }, { steps: true, steq: true } as KeysOf<object>).fix).toBe('Did you mean `steps`?');
});

test('checkKeys refuses what is not an object', () => {
  for (const options of [[], null, undefined, 3, 'in', () => 1])
    expect(refusal(options as object).code).toBe('INVALID_ARGUMENT');
});
