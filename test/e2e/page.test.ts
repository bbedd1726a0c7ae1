// The page in real browsers, on real nodes.
import { writeFileSync } from 'node:fs';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { GroupView, MessageView } from '../../src/chat/view.ts';
import {
  browserAbsent,
  expectNoComplaints,
  messagesIn,
  openBrowser,
  openPage,
  typeMessage,
  violationsIn,
} from '../support/browser.ts';
import { Daemon, freePort } from '../support/node-daemon.ts';
import { useWorkspace } from '../support/node-process.ts';

const workspace = useWorkspace();

/** Nodes that are linked to each other, each at an HTTP address that it keeps over restarts. */
async function startPair(prefix: string): Promise<[Daemon, Daemon]> {
  const make = async (name: string): Promise<Daemon> =>
    Daemon.make(workspace, `${prefix}-${name}`, {
      flags: ['--name', name, '--http', `127.0.0.1:${await freePort()}`],
    });
  const [alice, bob] = [await make('alice'), await make('bob')];
  alice.flags.push('--allow', bob.pk);
  bob.flags.push('--peers', alice.address);
  await Promise.all([alice.start(), bob.start()]);
  await alice.untilConnected(bob);
  return [alice, bob];
}

async function untilText(page: Page, text: string): Promise<void> {
  await page.locator('.row .text', { hasText: text }).first().waitFor();
}

describe.skipIf(browserAbsent)('the page in a browser', () => {
  let browser: Browser;
  beforeAll(async () => {
    browser = await openBrowser();
  });
  afterAll(() => browser.close());

  test('what is typed at one node is seen at the other, over restarts of both, once each', async () => {
    const [alice, bob] = await startPair('restart');
    const [here, there] = [await openPage(browser, alice.http), await openPage(browser, bob.http)];
    await here.locator('main textarea').waitFor();
    await there.locator('main textarea').waitFor();
    const expected: string[] = [];
    const times: number[] = [];
    for (let i = 1; i <= 10; i++) {
      const text = `message ${i}`;
      expected.push(text);
      await here.locator('main textarea').fill(text);
      const seen = untilText(there, text);
      const start = performance.now();
      await here.locator('main textarea').press('Enter');
      await seen;
      times.push(performance.now() - start);
    }
    const median = times.sort((a, b) => a - b)[5] ?? 0;
    process.stderr.write(
      `from the key in one browser to the text in the other: median ${median.toFixed(0)} ms, ` +
        `longest ${(times.at(-1) ?? 0).toFixed(0)} ms\n`,
    );

    await Promise.all([alice.kill(), bob.kill()]);
    await here.locator('.sidebar .link-sign.away').waitFor();
    await typeMessage(here, 'typed while the node was away');
    await here.locator('.pending-row', { hasText: 'Kept here' }).waitFor();
    // Neither a reload nor the node's absence loses it: the browser has both the page and the text.
    await alice.start();
    await bob.start();
    await untilText(there, 'typed while the node was away');
    await untilText(here, 'typed while the node was away');
    await here.locator('.pending-row').waitFor({ state: 'detached' });
    await here.locator('.sidebar .link-sign.away').waitFor({ state: 'detached' });
    await typeMessage(there, 'and back');
    await untilText(here, 'and back');
    expected.push('typed while the node was away', 'and back');
    expect(await messagesIn(here)).toEqual(expected);
    expect(await messagesIn(there)).toEqual(expected);
    expect(await alice.texts()).toEqual(expected);
    await there.locator('.delivery.everywhere').first().waitFor();
    expectNoComplaints(here, there);
  });

  test('F53 a message whose answer was lost is posted once, over a reload', async () => {
    const node = await Daemon.start(workspace, 'lost', { flags: ['--name', 'lost'] });
    const page = await openPage(browser, node.http);
    await page.locator('main textarea').waitFor();
    // The node has it and the browser never hears of it.
    let lost = 0;
    await page.route('**/messages', async (route) => {
      if (route.request().method() === 'POST' && lost++ === 0) {
        await route.fetch();
        await route.abort();
      } else await route.continue();
    });
    await typeMessage(page, 'once');
    await page.reload();
    await untilText(page, 'once');
    await page.locator('.pending-row').waitFor({ state: 'detached' });
    expect(await node.texts()).toEqual(['once']);
    expect(await messagesIn(page)).toEqual(['once']);
  });

  test('a refused message says why and is not lost, and a draft is kept for each group', async () => {
    const node = await Daemon.start(workspace, 'refused', {});
    const page = await openPage(browser, node.http);
    const field = page.locator('main textarea');
    await field.fill('not sent yet');
    await page.reload();
    await expect.poll(() => field.inputValue()).toBe('not sent yet');
    await field.fill('x'.repeat(66_000));
    await field.press('Enter');
    await page.locator('.refusal', { hasText: 'Not sent' }).waitFor();
    await page.getByRole('button', { name: 'Discard' }).click();
    await page.locator('.refusal').waitFor({ state: 'detached' });
    expect(await node.texts()).toEqual([]);
  });

  test('tabs share one stream, and a tab of a browser without shared workers has the same', async () => {
    const [alice, bob] = await startPair('tabs');
    const first = await openPage(browser, alice.http);
    const second = await openPage(browser, alice.http, { context: first.context() });
    for (const page of [first, second]) await page.locator('main textarea').waitFor();
    const session = await browser.newBrowserCDPSession();
    const { targetInfos } = await session.send('Target.getTargets');
    const workers = targetInfos.filter(
      ({ type, url }) => type === 'shared_worker' && url.startsWith(alice.http),
    );
    expect(workers).toHaveLength(1);
    const before = (): void => {
      Reflect.deleteProperty(globalThis, 'SharedWorker');
    };
    const led = await openPage(browser, alice.http, { before });
    const follower = await openPage(browser, alice.http, { before, context: led.context() });
    const pages = [first, second, led, follower];
    for (const page of pages) await page.locator('main textarea').waitFor();
    await bob.post('to all tabs');
    for (const page of pages) await untilText(page, 'to all tabs');
    // The one that leads goes; the other takes over.
    await led.close();
    await first.close();
    await bob.post('to those that are left');
    for (const page of [second, follower]) {
      await untilText(page, 'to those that are left');
      expect(await messagesIn(page)).toEqual(['to all tabs', 'to those that are left']);
    }
    expectNoComplaints(second, follower);
  });

  test('replies, reactions, edits, deletions, pins and acknowledgements show in both browsers', async () => {
    const [alice, bob] = await startPair('notes');
    const asked = (
      await alice.ask<MessageView>('POST', '/messages', {
        json: { text: 'disk full', ack: true, priority: 'urgent' },
      })
    ).body;
    const [here, there] = [await openPage(browser, alice.http), await openPage(browser, bob.http)];
    await untilText(there, 'disk full');
    await there.getByRole('button', { name: 'Acknowledge', exact: true }).click();
    await here.getByText('Acknowledged by 1 of 1: bob').waitFor();

    const row = there.locator(`#m-${asked.id}`);
    await row.hover();
    await row.getByRole('button', { name: 'React (+)' }).click();
    await there.getByRole('button', { name: '👀' }).click();
    await here.locator('.reaction', { hasText: '👀' }).waitFor();
    await row.hover();
    await row.getByRole('button', { name: 'Pin (P)' }).click();
    await here.locator('.tag', { hasText: 'Pinned' }).waitFor();
    await row.hover();
    await row.getByRole('button', { name: 'Reply (R)' }).click();
    await typeMessage(there, 'which one?');
    await here.getByRole('button', { name: '1 reply' }).click();
    const thread = here.getByRole('complementary', { name: 'Thread' });
    await thread.locator('.text', { hasText: 'which one?' }).waitFor();
    await thread.locator('textarea').fill('db1');
    await thread.locator('textarea').press('Enter');
    await untilText(there, 'db1');

    await there.locator('main textarea').press('ArrowUp');
    await typeMessage(there, 'which one of them?');
    await thread.locator('.text', { hasText: 'which one of them?' }).waitFor();
    await thread.locator('.edited').waitFor();
    const own = there.locator('.row article', { hasText: 'which one of them?' });
    await own.first().hover();
    await own.first().getByRole('button', { name: 'Delete (Del)' }).click();
    await there.getByRole('button', { name: 'Delete', exact: true }).click();
    await thread.getByText('This message was deleted.').waitFor();
    expectNoComplaints(here, there);
  });

  test('a group is made, joined by its link, and left, all in the page', async () => {
    const [alice, bob] = await startPair('group');
    const [here, there] = [await openPage(browser, alice.http), await openPage(browser, bob.http)];
    await here.getByRole('button', { name: 'New group' }).click();
    await here.getByLabel('Name', { exact: true }).fill('ops');
    await here.getByRole('button', { name: 'Create' }).click();
    await here.getByRole('heading', { name: 'ops' }).first().waitFor();
    await here.getByRole('button', { name: 'Invite', exact: true }).click();
    await here.getByRole('button', { name: 'Make a link' }).click();
    await here.getByRole('img', { name: 'QR code' }).waitFor();
    const link = await here.getByLabel('Invite link').inputValue();
    expect(link).toMatch(/^skychat:\/\//);
    await here.keyboard.press('Escape');
    await there.getByRole('button', { name: 'Join', exact: true }).click();
    await there.getByLabel('Invite link').fill(link);
    await there.locator('dialog').getByRole('button', { name: 'Join' }).click();
    await there.locator('main textarea').waitFor();
    await there.getByRole('heading', { name: 'ops' }).first().waitFor();
    await typeMessage(there, 'here I am');
    await untilText(here, 'here I am');
    await there.getByRole('button', { name: 'Members' }).click();
    await there.getByRole('button', { name: 'Leave…' }).click();
    await there.locator('dialog').getByRole('button', { name: 'Leave' }).click();
    await there.getByText('You have left this group.').waitFor();
    const { groups } = await bob.get<{ groups: GroupView[] }>('/groups');
    expect(groups.map(({ state }) => state).sort()).toEqual(['active', 'left']);
    expectNoComplaints(here, there);
  });

  test('an admin says what a group keeps and takes it back, and a member sees it and cannot', async () => {
    const [alice, bob] = await startPair('kept');
    const made = await alice.ask<GroupView>('POST', '/groups', {
      json: { name: 'ops', encrypted: true, members: [bob.pk] },
    });
    const { id } = made.body;
    await bob.until(
      'the group',
      async () => (await bob.ask('GET', `/groups/${id}`)).status === 200,
    );
    const [here, there] = [await openPage(browser, alice.http), await openPage(browser, bob.http)];
    for (const page of [here, there]) {
      await page.locator('.groups, nav').getByText('ops').first().click();
      await page.getByRole('button', { name: 'Members' }).click();
      await page.getByText('Messages are kept for good.').waitFor();
    }
    expect(await there.getByRole('button', { name: 'What is kept…' }).count()).toBe(0);
    const retention = async (): Promise<unknown> =>
      (await alice.get<GroupView>(`/groups/${id}`)).retention;
    const open = () => here.getByRole('button', { name: 'What is kept…' }).click();
    const [age, size] = [here.getByLabel('How long'), here.getByLabel('How many megabytes')];
    const save = here.locator('dialog').getByRole('button', { name: 'Save' });

    await open();
    expect(await violationsIn(here)).toEqual([]);
    await age.fill('soon');
    expect(await save.isDisabled()).toBe(true);
    await age.fill('30d');
    await size.fill('2.5');
    await save.click();
    for (const page of [here, there]) {
      await page.getByText('Messages are kept for 30 days and up to 2.5 MB.').waitFor();
    }
    expect(await retention()).toEqual({ age_s: 2_592_000, bytes: 2_500_000 });
    await open();
    expect([await age.inputValue(), await size.inputValue()]).toEqual(['30d', '2.5']);
    await age.fill('');
    await size.fill('');
    await save.click();
    for (const page of [here, there]) await page.getByText('Messages are kept for good.').waitFor();
    expect(await retention()).toEqual({ age_s: null, bytes: null });
    expectNoComplaints(here, there);
  });

  test('a node with a token shows nothing without it, and everything with it', async () => {
    const file = workspace.path('token');
    writeFileSync(file, 'a-token-of-some-length\n', { mode: 0o600 });
    const flags = ['--http-token-file', file];
    const node = await Daemon.make(workspace, 'token-node', { flags });
    await node.start();
    const authorization = 'Bearer a-token-of-some-length';
    await node.post('for those with the token', { headers: { authorization } });
    const page = await openPage(browser, node.http);
    await page.getByText('This node asks for a token').waitFor();
    expect(await page.locator('body').innerText()).not.toContain('for those with');
    await page.getByLabel('Token', { exact: true }).fill('wrong');
    await page.getByRole('button', { name: 'Open' }).click();
    await page.getByText('The node did not take the token.').waitFor();
    await page.getByLabel('Token', { exact: true }).fill('a-token-of-some-length');
    await page.getByRole('button', { name: 'Open' }).click();
    await untilText(page, 'for those with the token');
    await node.post('live', { headers: { authorization } });
    await untilText(page, 'live');
    await page.reload();
    await untilText(page, 'live');
    expectNoComplaints(page);
  });

  test('no view has anything that axe finds wrong, in light and in dark', async () => {
    const [alice, bob] = await startPair('axe');
    await bob.post('**bold** `code` https://example.org/ @alice\n> said\n```\nblock\n```');
    await alice.ask('POST', '/messages', {
      json: { text: 'urgent thing', priority: 'urgent', ack: true },
    });
    await alice.ask('POST', '/groups', { json: { name: 'ops', encrypted: true } });
    for (const theme of ['light', 'dark'] as const) {
      const page = await openPage(browser, bob.http, { theme });
      await untilText(page, 'urgent thing');
      expect(await page.evaluate('document.documentElement.dataset.theme')).toBe(theme);
      const check = async (view: string): Promise<void> => {
        expect([view, theme, await violationsIn(page)]).toEqual([view, theme, []]);
      };
      await check('conversation');
      for (const name of ['Members', 'Pinned', 'Network', 'Settings', 'Search (Ctrl K)']) {
        await page.getByRole('button', { name, exact: true }).first().click();
        await check(name);
      }
      await page.keyboard.press('Escape');
      for (const name of ['New group', 'Join', 'Keys (?)']) {
        await page.getByRole('button', { name, exact: true }).click();
        await check(name);
        await page.keyboard.press('Escape');
      }
      await page.context().close();
    }
  });
});
