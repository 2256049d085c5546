import { apgdLinf } from '../attacks/apgdLinf';
import { maxConfidenceAttack } from '../attacks/maxConfidenceAttack';
import { pgdL2 } from '../attacks/pgdL2';
import { pgdLinf } from '../attacks/pgdLinf';
import type { Attack } from '../attacks/types';

/** The attacks that workers know. */
export const ATTACKS = { apgdLinf, maxConfidenceAttack, pgdL2, pgdLinf } as const satisfies Record<string, Attack>;

/** Name of an attack that workers know. */
export type AttackName = keyof typeof ATTACKS;

/** The name by which workers know an attack, if they do. */
export function attackName(attack: Attack): AttackName | undefined {
  return (Object.keys(ATTACKS) as AttackName[]).find((name) => ATTACKS[name] === attack);
}
