import { clipRing, type Labelled, labelled, labelOfLine } from './clipRing';
import type { Corner } from './corner';
import { type Line, type Sizes, sideOf } from './line';
import { insideOf } from './polygon';

/** Affine functions of the plane that compete: entry `members[m]` of the rows constant, slope in s, slope in t of `z`. */
export interface Contest {
  readonly z: Float64Array;
  readonly members: ArrayLike<number>;
  readonly sizes: Sizes;
}

/** Function a minus function b. */
export function difference({ z, members, sizes }: Contest, a: number, b: number): Line {
  const size = z.length / 3;
  const [i, j] = [members[a]!, members[b]!];
  return {
    constant: z[i]! - z[j]!,
    x: z[size + i]! - z[size + j]!,
    y: z[2 * size + i]! - z[2 * size + j]!,
    beside: sizes,
  };
}

/** The part of a polygon where one function is the largest; labels of lines are numbers of the functions beyond them. */
export interface Winner {
  readonly winner: number;
  readonly ring: readonly Labelled[];
}

/** The parts of a polygon where each function is the largest, by the functions' order; of equal ones the first wins. */
export function winners(corners: readonly Corner[], contest: Contest): Winner[] {
  const count = contest.members.length;
  const probes = [...corners, insideOf(corners)];
  const alive = Array.from({ length: count }, (_, m) => m).filter((m) => !isBeaten(probes, contest, m));
  return alive.flatMap((winner) => {
    let ring: readonly Labelled[] = labelled(corners);
    for (const other of alive)
      if (other !== winner && ring.length > 0)
        ring = clipRing(ring, difference(contest, winner, other), labelOfLine(other));
    return ring.length > 0 ? [{ winner, ring }] : [];
  });
}

/** Whether another function is at least as large in the whole polygon; of equal ones the later is beaten. */
function isBeaten(probes: readonly Corner[], contest: Contest, m: number): boolean {
  for (let other = 0; other < contest.members.length; other++) {
    if (other === m) continue;
    const line = difference(contest, other, m);
    const sides = probes.map((corner) => sideOf(line, corner));
    if (!sides.includes(-1) && (other < m || sides.includes(1))) return true;
  }
  return false;
}
