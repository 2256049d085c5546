import { pull } from '../pass/pull';
import type { Pattern, PiecewiseAffine } from '../types';
import type { NodeHalfSpaces } from './halfSpaces';
import { countOf, eachNormalEntry } from './slacks';

/** All normals, `count` x d row-major, by d forward passes. */
export function allNormals(net: PiecewiseAffine, pattern: Pattern, parts: readonly NodeHalfSpaces[]): Float64Array {
  const d = net.inputSize;
  const normals = new Float64Array(countOf(parts) * d);
  eachNormalEntry(net, pattern, parts, (entry, first, values) => {
    for (const [h, value] of values.entries()) normals[(first + h) * d + entry] = value;
  });
  return normals;
}

/** The normals from number `begin` up to `end` - 1, by one backward pass each. */
export function someNormals(
  net: PiecewiseAffine,
  pattern: Pattern,
  parts: readonly NodeHalfSpaces[],
  begin: number,
  end: number,
): Float64Array {
  const count = end - begin;
  const forms = new Map<number, Float64Array>();
  for (const { node, first, entries, rivals, factors } of parts)
    for (let h = Math.max(begin, first); h < Math.min(end, first + entries.length); h++) {
      const id = net.nodes[node]!.inputs[0]!;
      const size = id === 0 ? net.inputSize : net.nodes[id - 1]!.size;
      const form = forms.get(id) ?? new Float64Array(count * size);
      forms.set(id, form);
      const row = (h - begin) * size;
      form[row + entries[h - first]!] = factors[h - first]!;
      if (rivals[h - first]! >= 0) form[row + rivals[h - first]!] = -factors[h - first]!;
    }
  return pull(net, pattern, forms, count);
}
