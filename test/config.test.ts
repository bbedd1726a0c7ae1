import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  formatEndpoint,
  parseClientConfig,
  parseConfig,
  type ConfigInputs,
  type LoadedConfig,
  type NodeConfig,
} from '../src/config.ts';
import { SkychatError, type ErrorCode } from '../src/errors.ts';
import { nearest, settings, variableOf, type SettingName } from '../src/settings.ts';

const pk = 'd75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a';
const other = '3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c';

function inputs(changes: Partial<ConfigInputs> = {}): ConfigInputs {
  const base = { flags: {}, env: {}, file: undefined, home: '/home/a', cwd: '/work' };
  return { ...base, terminal: false, ...changes };
}

function load(changes: Partial<ConfigInputs> = {}): LoadedConfig {
  return parseConfig(inputs(changes));
}

function inFile(content: unknown, path = '/etc/skychat/node.json'): Partial<ConfigInputs> {
  return { file: { path, text: JSON.stringify(content) } };
}

function failureOf(changes: Partial<ConfigInputs>): SkychatError {
  try {
    load(changes);
  } catch (error) {
    if (error instanceof SkychatError) return error;
    throw error;
  }
  throw new Error('nothing was thrown');
}

test('without any input each value is its default', () => {
  const { config, sources } = load();
  expect(config).toEqual({
    peers: [],
    allow: [],
    open: false,
    listen: { host: '0.0.0.0', port: 8870 },
    advertise: [],
    http: { kind: 'tcp', host: '127.0.0.1', port: 8001 },
    data: '/home/a/.local/share/skychat-node',
    keyFile: '/home/a/.local/share/skychat-node/identity.key',
    room: 'lobby',
    name: undefined,
    note: undefined,
    bot: false,
    retainS: undefined,
    httpTokenFile: undefined,
    allowHosts: [],
    writeRate: 200,
    logLevel: 'info',
    logFormat: 'json',
    forceNewHead: false,
  });
  expect(new Set(Object.values(sources))).toEqual(new Set(['default']));
  expect(Object.keys(sources).sort()).toEqual(Object.keys(config).sort());
});

test('none is advertised where that is said, in whatever way', () => {
  expect(load({ flags: { advertise: ['none'] } }).config.advertise).toBe('none');
  expect(load({ env: { SKYCHAT_ADVERTISE: 'none' } }).config.advertise).toBe('none');
  expect(load({ flags: { advertise: ['h:1'] } }).config.advertise).toEqual([
    { host: 'h', port: 1 },
  ]);
});

test('the configuration is frozen through and through', () => {
  const { config } = load({ flags: { peers: [`${pk}@h:1`] } });
  expect(Object.isFrozen(config)).toBe(true);
  expect(Object.isFrozen(config.peers)).toBe(true);
  expect(Object.isFrozen(config.peers[0])).toBe(true);
});

/** How to write a value of each setting, as text and in the file, and what becomes of it. */
const samples: readonly [SettingName, keyof NodeConfig, unknown[], unknown[]][] = [
  [
    'peers',
    'peers',
    [`${pk}@a:1`, [`${pk}@b:2`], `${pk}@c:3`],
    ['a', 'b', 'c'].map((host, i) => [{ pk, host, port: i + 1 }]),
  ],
  ['allow', 'allow', [pk, [other], pk.toUpperCase()], [[pk], [other], [pk]]],
  ['open', 'open', ['yes', true, true], [true, true, true]],
  ['note', 'note', ['a', 'b', 'c'], ['a', 'b', 'c']],
  ['bot', 'bot', ['yes', true, true], [true, true, true]],
  [
    'listen',
    'listen',
    ['h1:1', 'h2:2', 'h3:3'],
    [1, 2, 3].map((port) => ({ host: `h${port}`, port })),
  ],
  [
    'advertise',
    'advertise',
    ['h1:1', ['h2:2'], 'h3:3'],
    [1, 2, 3].map((port) => [{ host: `h${port}`, port }]),
  ],
  [
    'http',
    'http',
    ['127.0.0.1:1', '127.0.0.1:2', '127.0.0.1:3'],
    [1, 2, 3].map((port) => ({ kind: 'tcp', host: '127.0.0.1', port })),
  ],
  ['data', 'data', ['/a', '/b', '/c'], ['/a', '/b', '/c']],
  ['key', 'keyFile', ['/a', '/b', '/c'], ['/a', '/b', '/c']],
  ['room', 'room', ['a', 'b', 'c'], ['a', 'b', 'c']],
  ['name', 'name', ['a', 'b', 'c'], ['a', 'b', 'c']],
  ['retain', 'retainS', ['36h', '30d', '52W'], [129_600, 2_592_000, 31_449_600]],
  ['http-token-file', 'httpTokenFile', ['/a', '/b', '/c'], ['/a', '/b', '/c']],
  ['allow-host', 'allowHosts', ['A', ['b'], 'c'], [['a'], ['b'], ['c']]],
  ['write-rate', 'writeRate', ['0', '10', '1000000'], [0, 10, 1_000_000]],
  ['log-level', 'logLevel', ['debug', 'warn', 'ERROR'], ['debug', 'warn', 'error']],
  ['log-format', 'logFormat', ['json', 'pretty', 'json'], ['json', 'pretty', 'json']],
  ['force-new-head', 'forceNewHead', ['1', true, true], [true, true, true]],
];

test('the samples cover every setting but the two that have no value of their own', () => {
  const named = samples.map(([name]) => name);
  expect([...named, 'standalone', 'no-listen'].sort()).toEqual(Object.keys(settings).sort());
});

test.each(samples)('%s: flag before environment before file', (name, key, given, wanted) => {
  const [inEnv, inJson, inFlag] = given;
  const file = inFile({ [name]: inJson });
  const env = { [variableOf(name)]: String(inEnv) };
  const flags = { [name]: inFlag };
  const see = (changes: Partial<ConfigInputs>): unknown[] => {
    const { config, sources } = load(changes);
    return [config[key], sources[key]];
  };
  expect(see(file)).toEqual([wanted[1], 'file /etc/skychat/node.json']);
  expect(see({ ...file, env })).toEqual([wanted[0], `environment ${variableOf(name)}`]);
  expect(see({ ...file, env, flags })).toEqual([wanted[2], `flag --${name}`]);
});

test('an empty variable counts as not set', () => {
  expect(load({ env: { SKYCHAT_PEERS: '', SKYCHAT_ROOM: '', SKYCHAT_OPEN: '' } })).toEqual(load());
});

describe('lists', () => {
  test('are separated by commas, repeatable, and free of repetitions', () => {
    const { config } = load({
      flags: { peers: [`${pk}@a:1, ${pk}@b:2,`, `tcp://${other}@[::1]:3`, `${pk}@a:1`] },
    });
    expect(config.peers).toEqual([
      { pk, host: 'a', port: 1 },
      { pk, host: 'b', port: 2 },
      { pk: other, host: '::1', port: 3 },
    ]);
  });

  test('--via is --peers in the environment and in the file as well', () => {
    const a = `${pk}@a:1`;
    const b = `${pk}@b:2`;
    const hosts = (changes: Partial<ConfigInputs>): string[] =>
      load(changes).config.peers.map(({ host }) => host);
    expect(hosts({ env: { SKYCHAT_VIA: a } })).toEqual(['a']);
    expect(hosts({ env: { SKYCHAT_VIA: b, SKYCHAT_PEERS: a } })).toEqual(['a', 'b']);
    expect(hosts(inFile({ via: b }))).toEqual(['b']);
    expect(hosts(inFile({ via: [b], peers: a }))).toEqual(['a', 'b']);
  });
});

describe('switches in the environment', () => {
  test.each(['1', 'true', 'yes', 'on', 'YES'])('%s is yes', (word) => {
    expect(load({ env: { SKYCHAT_OPEN: word } }).config.open).toBe(true);
  });

  test.each(['0', 'false', 'no', 'off', 'Off'])('%s is no', (word) => {
    expect(load({ ...inFile({ open: true }), env: { SKYCHAT_OPEN: word } }).config.open).toBe(
      false,
    );
  });

  test.each(['2', 'ja', 'y', ' 1'])('%j is refused by the name of its variable', (word) => {
    const failure = failureOf({ env: { SKYCHAT_OPEN: word } });
    expect(failure.code).toBe<ErrorCode>('bad-config');
    expect(failure.message).toContain('SKYCHAT_OPEN');
  });
});

describe('--no-listen', () => {
  test.each<[string, Partial<ConfigInputs>, string | undefined]>([
    ['as a flag', { flags: { 'no-listen': true } }, undefined],
    ['in the environment', { env: { SKYCHAT_NO_LISTEN: '1' } }, undefined],
    ['in the file', inFile({ 'no-listen': true }), undefined],
    [
      'against a listen further down',
      { ...inFile({ listen: 'h:1' }), flags: { 'no-listen': true } },
      undefined,
    ],
    ['below a listen', { env: { SKYCHAT_NO_LISTEN: 'on' }, flags: { listen: 'h:1' } }, 'h:1'],
    [
      'taken back',
      { ...inFile({ 'no-listen': true }), env: { SKYCHAT_NO_LISTEN: '0' } },
      '0.0.0.0:8870',
    ],
  ])('%s', (_, changes, wanted) => {
    const { listen } = load(changes).config;
    expect(listen && formatEndpoint(listen)).toBe(wanted);
  });

  test('next to a listen of the same place is a contradiction', () => {
    const env = { SKYCHAT_NO_LISTEN: '1', SKYCHAT_LISTEN: 'h:1' };
    expect(failureOf({ env }).message).toContain('contradict');
  });
});

describe('paths', () => {
  test.each<[string, Partial<ConfigInputs>, string]>([
    ['a flag starts from the working directory', { flags: { data: 'd' } }, '/work/d'],
    ['a variable too', { env: { SKYCHAT_DATA: './d' } }, '/work/d'],
    ['the file starts beside itself', inFile({ data: '../d' }), '/etc/d'],
    ['even where it is named relatively', inFile({ data: 'd' }, 'conf/c.json'), '/work/conf/d'],
    ['~ is the home directory', { flags: { data: '~/d' } }, '/home/a/d'],
    ['XDG_DATA_HOME is honoured', { env: { XDG_DATA_HOME: '/xdg' } }, '/xdg/skychat-node'],
    [
      'a relative XDG_DATA_HOME is ignored',
      { env: { XDG_DATA_HOME: 'xdg' } },
      '/home/a/.local/share/skychat-node',
    ],
  ])('%s', (_, changes, data) => {
    const { config } = load(changes);
    expect(config.data).toBe(data);
    expect(config.keyFile).toBe(`${data}/identity.key`);
  });
});

test('a Unix socket is named by its path', () => {
  expect(load({ flags: { http: 'unix:run/s' } }).config.http).toEqual({
    kind: 'unix',
    path: '/work/run/s',
  });
  expect(failureOf({ flags: { http: `unix:/${'a'.repeat(103)}` } }).message).toContain('too long');
});

test('--http also takes what runtime.json holds', () => {
  const { http } = load({ flags: { http: 'http://[::1]:8001/' } }).config;
  expect(http).toEqual({ kind: 'tcp', host: '::1', port: 8001 });
});

test('the log is pretty on a terminal', () => {
  expect(load({ terminal: true }).config.logFormat).toBe('pretty');
});

test.each([
  ['lobby', 'lobby'],
  ['  ops  ', 'ops'],
  ['ä'.repeat(64), 'ä'.repeat(64)],
  ['👍'.repeat(64), '👍'.repeat(64)],
])('room %j is %j', (given, wanted) => {
  expect(load({ flags: { room: given } }).config.room).toBe(wanted);
});

const bad: readonly [string, Partial<ConfigInputs>, ErrorCode, string][] = [
  ['an empty room', { flags: { room: '' } }, 'bad-config', '--room'],
  ['a blank room', { flags: { room: ' \t' } }, 'bad-config', '--room'],
  ['a long room', { flags: { room: 'a'.repeat(65) } }, 'bad-config', '--room'],
  ['a room with a control', { flags: { room: 'a\u0007b' } }, 'bad-config', '--room'],
  ['a room with two lines', { flags: { room: 'a\u2028b' } }, 'bad-config', '--room'],
  ['a room that is no text', { flags: { room: 'a\ud800' } }, 'bad-config', '--room'],
  ['a peer without a key', { flags: { peers: ['h:1'] } }, 'bad-peer-address', '--peers'],
  ['a peer with a short key', { flags: { peers: ['ab@h:1'] } }, 'bad-peer-address', '--peers'],
  [
    'a peer off the curve',
    { flags: { peers: [`${'f'.repeat(64)}@h:1`] } },
    'bad-peer-address',
    '--peers',
  ],
  ['a peer with port 0', { flags: { peers: [`${pk}@h:0`] } }, 'bad-peer-address', '--peers'],
  [
    'a peer with port 65536',
    { env: { SKYCHAT_PEERS: `${pk}@h:65536` } },
    'bad-peer-address',
    'SKYCHAT_PEERS',
  ],
  [
    'one bad peer of two',
    inFile({ peers: [`${pk}@h:1`, 'x'] }),
    'bad-peer-address',
    '"peers" in /etc',
  ],
  ['a bad key', { flags: { allow: ['ab'] } }, 'bad-config', '--allow'],
  ['a key off the curve', { flags: { allow: ['f'.repeat(64)] } }, 'bad-config', '--allow'],
  ['a listen without a port', { flags: { listen: '0.0.0.0' } }, 'bad-config', '--listen'],
  ['a listen that is a port', { flags: { listen: '8870' } }, 'bad-config', '--listen'],
  ['a listen beyond the ports', { flags: { listen: 'h:70000' } }, 'bad-config', '--listen'],
  ['IPv6 without brackets', { flags: { listen: '::1:80' } }, 'bad-config', '--listen'],
  ['port 0 advertised', { flags: { advertise: ['h:0'] } }, 'bad-config', '--advertise'],
  [
    'every interface advertised',
    { flags: { advertise: ['0.0.0.0:1'] } },
    'bad-config',
    '--advertise',
  ],
  [
    'none advertised with an address',
    { flags: { advertise: ['none', 'h:1'] } },
    'bad-config',
    'none',
  ],
  [
    'nine addresses advertised',
    { flags: { advertise: Array.from({ length: 9 }, (_, i) => `h:${i + 1}`) } },
    'bad-config',
    'more than 8',
  ],
  ['an http that is a word', { flags: { http: 'localhost' } }, 'bad-config', '--http'],
  ['an empty socket path', { flags: { http: 'unix:' } }, 'bad-config', '--http'],
  ['an empty data directory', { flags: { data: '' } }, 'bad-config', '--data'],
  ['a host with a port', { flags: { 'allow-host': ['h:1'] } }, 'bad-config', '--allow-host'],
  ['a rate below nothing', { flags: { 'write-rate': '-1' } }, 'bad-config', '--write-rate'],
  ['a rate that is no number', { flags: { 'write-rate': 'fast' } }, 'bad-config', '--write-rate'],
  ['a rate beyond any', { flags: { 'write-rate': '1000001' } }, 'bad-config', '--write-rate'],
  ['an unknown level', { flags: { 'log-level': 'loud' } }, 'bad-config', '--log-level'],
  ['an unknown format', { env: { SKYCHAT_LOG_FORMAT: 'xml' } }, 'bad-config', 'SKYCHAT_LOG_FORMAT'],
  [
    'standalone taken back',
    { env: { SKYCHAT_STANDALONE: 'no' } },
    'bad-config',
    'SKYCHAT_STANDALONE',
  ],
  ['a time without a unit', { flags: { retain: '30' } }, 'bad-config', '--retain'],
  ['a time that is no time', { flags: { retain: '-1d' } }, 'bad-config', '--retain'],
  ['a time below an hour', { flags: { retain: '59m' } }, 'bad-config', '--retain'],
  ['a time of millennia', { flags: { retain: '9999999w' } }, 'bad-config', '--retain'],
  ['an open door', { flags: { http: '0.0.0.0:8001' } }, 'token-required', '0.0.0.0:8001'],
  [
    'an open door on IPv6',
    { env: { SKYCHAT_HTTP: '[::]:8001' } },
    'token-required',
    'SKYCHAT_HTTP',
  ],
  ['an unknown key', inFile({ pers: [] }), 'bad-config', '"pers" in /etc'],
  ['the file naming a file', inFile({ config: 'x' }), 'bad-config', '"config"'],
  [
    'a key that is there twice',
    inFile({ 'log-level': 'info', log_level: 'info' }),
    'bad-config',
    'twice',
  ],
  ['a number for a text', inFile({ room: 5 }), 'bad-config', '"room" in /etc'],
  ['a text for a switch', inFile({ open: 'yes' }), 'bad-config', '"open" in /etc'],
  ['a list of numbers', inFile({ peers: [1] }), 'bad-config', '"peers" in /etc'],
  ['null', inFile({ name: null }), 'bad-config', '"name" in /etc'],
  ['a file that is a list', inFile([]), 'bad-config', 'JSON object'],
  ['a file that is no JSON', { file: { path: '/x', text: '{' } }, 'bad-config', '/x is not JSON'],
];

test.each(bad)('%s is refused by name, with a hint', (_, changes, code, words) => {
  const failure = failureOf(changes);
  expect(failure.code).toBe(code);
  expect(failure.message).toContain(words);
  expect(failure.hint).toBeTruthy();
});

test('an unknown key of the file names the nearest one', () => {
  expect(failureOf(inFile({ 'http-token': '/x' })).hint).toContain('http-token-file');
  expect(failureOf(inFile({ pers: [] })).hint).toContain('peers');
});

test('keys of the file may be written with underscores', () => {
  expect(load(inFile({ log_level: 'warn' })).config.logLevel).toBe('warn');
});

test('an HTTP surface for others is taken with a token', () => {
  const flags = { http: '0.0.0.0:8001', 'http-token-file': '/t' };
  expect(load({ flags }).config.http).toEqual({ kind: 'tcp', host: '0.0.0.0', port: 8001 });
});

test.each(['localhost:1', '127.0.0.1:1', '127.8.8.8:1', '[::1]:1'])(
  'an HTTP surface on %s needs no token',
  (http) => {
    expect(load({ flags: { http } }).config.httpTokenFile).toBeUndefined();
  },
);

describe('what a client needs', () => {
  test('mistakes in the settings of the daemon are not its business', () => {
    const env = { SKYCHAT_PEERS: 'x', SKYCHAT_ROOM: '\u0007', SKYCHAT_DATA: '/d' };
    expect(parseClientConfig(inputs({ env })).data).toBe('/d');
  });

  test('a port that the daemon picks names no daemon', () => {
    expect(
      parseClientConfig(inputs({ env: { SKYCHAT_HTTP: '127.0.0.1:0' } })).http,
    ).toBeUndefined();
    expect(parseClientConfig(inputs()).http).toBeUndefined();
  });

  test('a mistake in its own settings is', () => {
    expect(() => parseClientConfig(inputs({ flags: { http: 'x' } }))).toThrow('--http');
  });
});

test('any endpoint that is written reads back', () => {
  const hosts = fc.oneof(
    fc.ipV4(),
    fc.ipV6().map((host) => `[${host}]`),
    fc.domain(),
  );
  fc.assert(
    fc.property(hosts, fc.integer({ min: 0, max: 65_535 }), (host, port) => {
      const { listen } = load({ flags: { listen: `${host}:${port}` } }).config;
      expect(listen && formatEndpoint(listen)).toBe(`${host}:${port}`);
    }),
  );
});

test('any text in any setting is either taken or refused with a SkychatError', () => {
  const names = fc.constantFrom(...(Object.keys(settings) as SettingName[]));
  fc.assert(
    fc.property(names, fc.string({ unit: 'binary' }), (name, text) => {
      for (const changes of [{ env: { [variableOf(name)]: text } }, inFile({ [name]: text })]) {
        try {
          load(changes);
        } catch (error) {
          expect(error).toBeInstanceOf(SkychatError);
        }
      }
    }),
    { numRuns: 500 },
  );
});

test('any content of the file is either taken or refused with a SkychatError', () => {
  fc.assert(
    fc.property(fc.json(), (text) => {
      try {
        load({ file: { path: '/x', text } });
      } catch (error) {
        expect(error).toBeInstanceOf(SkychatError);
      }
    }),
  );
});

test.each([
  ['stauts', 'status'],
  ['sned', 'send'],
  ['peer', 'peers'],
  ['xylophone', undefined],
])('the nearest to %s is %s', (word, wanted) => {
  expect(nearest(word, ['send', 'status', 'peers'])).toBe(wanted);
});

test('a word with one typing error finds the word that was meant', () => {
  const words = Object.keys(settings).filter((word) => word.length > 4);
  fc.assert(
    fc.property(fc.constantFrom(...words), fc.nat(), (word, at) => {
      const i = at % word.length;
      expect(nearest(word.slice(0, i) + word.slice(i + 1), words)).toBeDefined();
      expect(nearest(`${word.slice(0, i)}#${word.slice(i + 1)}`, words)).toBe(word);
    }),
  );
});
