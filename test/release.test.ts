import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';

const whole = {
  repository: { type: 'git', url: 'git+https://example.org/a/b.git' },
  homepage: 'https://example.org/a/b#readme',
  bugs: { url: 'https://example.org/a/b/issues' },
  author: 'Somebody',
};

/** Exit code and message of the check for a package.json. */
async function check(manifest: object): Promise<{ readonly code: number; readonly message: string }> {
  const folder = await mkdtemp(join(tmpdir(), 'release-'));
  try {
    await writeFile(join(folder, 'package.json'), JSON.stringify(manifest));
    return await new Promise((resolve) => {
      execFile(process.execPath, ['.ci/release.mjs', folder], (error, _, message) =>
        resolve({ code: Number(error?.code ?? 0), message }),
      );
    });
  } finally {
    await rm(folder, { recursive: true });
  }
}

test('a package that says who and where may be published', async () => {
  expect(await check(whole)).toEqual({ code: 0, message: '' });
  expect(
    await check({ ...whole, repository: 'github:a/b', bugs: 'https://example.org', author: { name: 'S' } }),
  ).toEqual({ code: 0, message: '' });
});

test.each(['repository', 'homepage', 'bugs', 'author'] as const)('without %s nothing is published', async (key) => {
  const { [key]: _, ...rest } = whole;
  for (const manifest of [rest, { ...rest, [key]: ' ' }, { ...rest, [key]: {} }]) {
    const { code, message } = await check(manifest);
    expect(code).toBe(1);
    expect(message).toContain(`no ${key}.`);
  }
});

test('all that is missing is named at once', async () => {
  expect((await check({})).message).toContain('no repository, homepage, bugs, author.');
});
