// README.md against the program: its tables, and its transcripts run on real nodes.
import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { Command } from 'commander';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { MessageView, Page } from '../src/chat/view.ts';
import { exitCodeMeanings } from '../src/cli/failures.ts';
import { addRunOptions } from '../src/cli/options.ts';
import { formatEndpoint, parseConfig } from '../src/config.ts';
import { problemKinds } from '../src/http/problems.ts';
import { run } from './cli/harness.ts';
import { openFixture } from './support/http.ts';
import { removeDirectory, temporaryDirectory } from './support/temporary.ts';
import { testSteps } from './support/transcript-tests.ts';
import { blocksOf, Session } from './support/transcript.ts';

const readme = readFileSync('README.md', 'utf8');

/** The rows of the first table behind a heading, each cell as its text. */
function tableUnder(heading: string): string[][] {
  const [, section = ''] = readme.split(`\n${heading}\n`);
  const [table = ''] = /(?:^\|.*\n)+/m.exec(section) ?? [];
  const rows = table.split('\n').filter((line) => line !== '');
  return rows.slice(2).map((row) =>
    row
      .split(/(?<!\\)\|/)
      .slice(1, -1)
      .map((cell) => cell.trim()),
  );
}

function unquoted(cell = ''): string {
  return cell.replaceAll('`', '');
}

describe('the tables', () => {
  test('list every problem code with its status, title and hint', () => {
    const rows = tableUnder('## Problem codes').map(([code, status, title, hint]) => [
      unquoted(code),
      { status: Number(status), title, hint },
    ]);
    const kinds = Object.entries(problemKinds).map(([code, { status, title, hint }]) => [
      code,
      { status, title, hint },
    ]);
    expect(rows).toHaveLength(kinds.length);
    expect(Object.fromEntries(rows)).toEqual(Object.fromEntries(kinds));
  });

  test('list every exit code', () => {
    const rows = tableUnder('### Exit codes').map(([code, words]) => [Number(code), words]);
    expect(rows).toEqual(exitCodeMeanings);
  });

  test('list every flag of run, with a value where it takes one', () => {
    const flags = addRunOptions(new Command()).options.map(
      ({ long, required }) => `${long ?? ''}${required ? ' VALUE' : ''}`,
    );
    const rows = tableUnder('### Flags of `run`').map(([flag]) =>
      unquoted(flag).replace(/ [A-Z:]+$/, ' VALUE'),
    );
    expect(rows.sort()).toEqual(flags.sort());
  });

  test('give the defaults that are in force', () => {
    const inputs = { flags: {}, env: { XDG_DATA_HOME: '/xdg' }, file: undefined };
    const { config } = parseConfig({ ...inputs, home: '/home/me', cwd: '/', terminal: false });
    const rows = new Map(
      tableUnder('### Flags of `run`').map(([flag, value]) => [
        unquoted(flag).split(' ')[0],
        unquoted(value),
      ]),
    );
    const { listen, http, room, logLevel, data, keyFile, logFormat } = config;
    expect(http.kind === 'tcp' && formatEndpoint(http)).toBe(rows.get('--http'));
    expect(listen && formatEndpoint(listen)).toBe(rows.get('--listen'));
    expect([room, logLevel]).toEqual([rows.get('--room'), rows.get('--log-level')]);
    expect(data).toBe(rows.get('--data')?.replace('$XDG_DATA_HOME', '/xdg'));
    expect(rows.get('--key')).toBe('identity.key in the data directory');
    expect(keyFile).toBe(`${data}/identity.key`);
    expect(rows.get('--log-format')).toBe(`pretty on a terminal, otherwise ${logFormat}`);
  });

  test('list every command', async () => {
    const { stdout } = await run(['--help']);
    const [, section = ''] = stdout.split('\nCommands:\n');
    const commands = [...section.matchAll(/^ {2}(\w+)/gm)].map(([, name]) => name);
    const rows = tableUnder('## For the terminal').map(([words]) => unquoted(words).split(' ')[0]);
    expect(rows.sort()).toEqual(commands.sort());
  });

  test('list every route, and no other', async () => {
    const { server } = openFixture();
    const routes = new Set<string>();
    server.fastify.addHook('onRoute', ({ method, url }) => {
      for (const one of [method].flat()) if (one !== 'HEAD') routes.add(`${one} ${url}`);
    });
    await server.fastify.ready();
    const own = [...routes].filter((route) => !/ \/v1(\/|$)/.test(route));
    const rows = tableUnder('## For bots').map(([route]) => unquoted(route));
    expect(rows.sort()).toEqual(own.sort());
    for (const route of own.filter((each) => !each.endsWith(' /'))) {
      expect(routes).toContain(route.replace(' /', ' /v1/'));
    }
  });
});

test('the two commands of the first screen are those of the package', () => {
  const { scripts } = JSON.parse(readFileSync('package.json', 'utf8')) as {
    scripts: Record<string, string>;
  };
  expect(scripts).toMatchObject({ start: 'node dist/cli.js', prepare: 'npm run build' });
  expect(readme).toContain('npm ci && npm run check');
  expect(readFileSync('.ci/run', 'utf8')).toContain('npm ci && npm run check');
});

const curlAbsent = spawnSync('curl', ['--version']).status !== 0;
if (curlAbsent)
  process.stderr.write('there is no curl: the transcripts of README.md are skipped\n');

const slowMs = 60_000;

describe.skipIf(curlAbsent)('the transcripts', () => {
  let folder: string;
  let session: Session;

  beforeAll(async () => {
    folder = await temporaryDirectory();
    session = new Session(folder);
    for (const script of blocksOf(readme, 'js')) {
      const [, name = ''] = /^\/\/ (\S+\.mjs)\n/.exec(script) ?? [];
      session.write(name, script);
    }
  });

  afterAll(async () => {
    const codes = await session.close();
    await removeDirectory(folder);
    expect(codes).toEqual([0, 0, 0]);
  }, slowMs);

  testSteps(readme, () => session);

  test(
    'the bot answers a ping once, though it forgets where it was',
    async () => {
      const { id } = await ask<MessageView>('alice', '/messages', 'ping');
      for (let life = 1; life <= 2; life++) {
        const bot = session.spawn('bob', 'rm -f cursor; exec node bot.mjs');
        // Once a later ping is answered the bot has passed the first one.
        const later = await ask<MessageView>('alice', '/messages', 'ping');
        while ((await answersTo(later.id)) === 0) await ask('bob', '/messages?after=now&wait=1');
        bot.kill('SIGKILL');
        await once(bot, 'exit');
      }
      expect(await answersTo(id)).toBe(1);
    },
    slowMs,
  );

  async function ask<T>(machine: string, path: string, text?: string): Promise<T> {
    const options = text === undefined ? {} : { method: 'POST', body: text };
    return (await (await fetch(session.http(machine) + path, options)).json()) as T;
  }

  async function answersTo(id: string): Promise<number> {
    const { messages } = await ask<Page>('bob', '/messages?after=0&limit=1000');
    return messages.filter(({ reply_to: to }) => to === id).length;
  }
});
