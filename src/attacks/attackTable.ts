import { apgdLinf } from './apgdLinf';
import type { AttackName } from './attackDefaults';
import { maxConfidenceAttack } from './maxConfidenceAttack';
import { pgdL2 } from './pgdL2';
import { pgdLinf } from './pgdLinf';
import type { Attack } from './types';

/** The attacks of this library, by the names that workers and checkpoints know them by. */
export const ATTACKS = { apgdLinf, maxConfidenceAttack, pgdL2, pgdLinf } as const satisfies Record<AttackName, Attack>;

/** The name of an attack of this library. */
export function attackName(attack: Attack): AttackName | undefined {
  return (Object.keys(ATTACKS) as AttackName[]).find((name) => ATTACKS[name] === attack);
}
