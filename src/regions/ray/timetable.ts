/** When each of many things happens next, with the earliest at hand. */
export interface Timetable {
  readonly times: Float64Array;
  /** Sets the time of one thing. */
  set(id: number, time: number): void;
  /** The thing with the earliest time; of several the one with the smallest number. */
  earliest(): number;
}

/** Things per block: only blocks whose earliest time was put off are looked through again. */
const BLOCK = 64;

/** A timetable in which nothing ever happens. */
export function timetable(size: number): Timetable {
  const times = new Float64Array(size).fill(Number.POSITIVE_INFINITY);
  const blocks = Math.ceil(size / BLOCK);
  const first = new Float64Array(blocks).fill(Number.POSITIVE_INFINITY);
  const stale = new Uint8Array(blocks);

  const renew = (block: number) => {
    const end = Math.min(size, (block + 1) * BLOCK);
    let least = Number.POSITIVE_INFINITY;
    for (let id = block * BLOCK; id < end; id++) if (times[id]! < least) least = times[id]!;
    first[block] = least;
    stale[block] = 0;
  };

  return {
    times,
    set(id, time) {
      const block = Math.floor(id / BLOCK);
      if (time <= first[block]!) first[block] = time;
      else if (times[id] === first[block]) stale[block] = 1;
      times[id] = time;
    },
    earliest() {
      let least = Number.POSITIVE_INFINITY;
      let where = 0;
      for (let block = 0; block < blocks; block++) {
        if (stale[block] === 1) renew(block);
        if (first[block]! < least) [least, where] = [first[block]!, block];
      }
      let id = where * BLOCK;
      while (id < size - 1 && times[id] !== least) id++;
      return id;
    },
  };
}
