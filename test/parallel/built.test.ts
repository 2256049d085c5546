import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';

const program = fileURLToPath(new URL('./fixtures/builtProgram.mjs', import.meta.url));

describe.each(['import', 'require'])('the built package, loaded by %s', (how) => {
  it.each([
    ['after dispose', 'dispose'],
    ['while its workers are idle', 'idle'],
  ])('finds the script of its workers, and lets Node end by itself %s', async (_, end) => {
    const { stdout, stderr } = await promisify(execFile)(process.execPath, [program, how, end], { timeout: 50_000 });
    const [pooled, alone] = JSON.parse(stdout) as [number[], number[]];
    expect(pooled).toHaveLength(5);
    for (const [i, value] of alone.entries()) expect(pooled[i]).toBeCloseTo(value, 5);
    expect(stderr).toBe('');
  });
});
