import { expect, test } from 'vitest';
import { readOptions, UsageError } from '../src/options.ts';

test('a flag comes before the environment, and that before the default', () => {
  const env = { SKYCHAT_HTTP: 'http://127.0.0.1:1', SKYCHAT_AGENT: 'env', SKYCHAT_DATA: '/data' };
  expect(readOptions(['--http', '127.0.0.1:2'], env)).toMatchObject({
    ...{ http: '127.0.0.1:2', agent: 'env', data: '/data' },
  });
  const usual = { XDG_DATA_HOME: '/x', XDG_STATE_HOME: '/s' };
  expect(readOptions([], usual)).toEqual({
    ...{ http: undefined, agent: 'default', data: '/x/skychat-node', state: '/s/skychat-mcp' },
    ...{ token: undefined, tokenFile: undefined, rules: { everywhere: false, to: [] } },
  });
});

test('writing is off unless it is allowed, everywhere or place by place', () => {
  const rules = (...words: string[]) => readOptions(words, {});
  expect(rules('--allow-post')).toMatchObject({ rules: { everywhere: true, to: [] } });
  expect(rules('--allow-post-to', 'ops', '--allow-post-to', 'a, b')).toMatchObject({
    rules: { everywhere: false, to: ['ops', 'a, b'] },
  });
});

test.each([
  ['an unknown flag', ['--allow-posts'], {}],
  ['a word that is no flag', ['ops'], {}],
  ['an address that is none', ['--http', 'ftp://x'], {}],
  ['a name that is none for a file', ['--agent', '../x'], {}],
  ['an empty place', ['--allow-post-to', ''], {}],
  ['a token that no header carries', [], { SKYCHAT_TOKEN: 'a b' }],
])('%s is refused', (_what, words, env) => {
  expect(() => readOptions(words, env)).toThrow(UsageError);
});
