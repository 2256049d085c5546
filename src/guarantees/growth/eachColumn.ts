import { clear, noChanges } from '../../regions/maps/changes';
import type { Changes, LinearMap } from '../../regions/types';

/** Calls `use` with every column of the matrix of a map: only the entries listed in it may differ from zero. */
export function eachColumn(map: LinearMap, use: (column: Changes, index: number) => void): void {
  const unit = noChanges(map.inputSize);
  const column = noChanges(map.outputSize);
  unit.count = 1;
  for (let j = 0; j < map.inputSize; j++) {
    unit.entries[0] = j;
    unit.values[j] = 1;
    map.spread(column, unit);
    unit.values[j] = 0;
    use(column, j);
    clear(column);
  }
}
