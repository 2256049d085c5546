import { expect, test } from 'vitest';
import { checkKeys } from '../../src/core/checkKeys';
import { OverconfidenceError } from '../../src/core/errors';

const where = { fn: 'evaluateOod', argument: 'data' };
const known = { in: true, out: true, adversarialNoise: true, epochs: true } as const;

function refusal(options: object): OverconfidenceError {
  try {
    checkKeys<object>(where, options, known);
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
  ['adversarial_noise', 'adversarialNoise'],
  ['advNoise', undefined],
  ['colour', undefined],
  ['toString', undefined],
])('checkKeys refuses `%s` and offers %s', (key, offered) => {
  const { code, fix, got } = refusal({ [key]: 1 });
  expect([code, got]).toEqual(['INVALID_OPTION', `the key \`${key}\``]);
  expect(fix).toBe(offered === undefined ? 'Leave it out.' : `Did you mean \`${offered}\`?`);
});

test('checkKeys refuses what is not an object', () => {
  expect(refusal([]).code).toBe('INVALID_ARGUMENT');
});
