// How a tab gets at the event stream: through the shared worker; where there is none, through the tab
// that leads the others; and where there are no locks either, by a stream of its own.
import { hubPorts, randomId } from '../env.ts';
import { Hub } from './hub.ts';
import type { FromHub, Live, ToHub } from './wire.ts';

type OnMessage = (message: FromHub) => void;

export function openLive(token: string | null, onMessage: OnMessage): Live {
  if (typeof SharedWorker !== 'undefined') return openShared(token, onMessage);
  // A context without TLS has no locks, whatever the types say.
  const { locks } = navigator as { locks?: LockManager };
  return locks === undefined ? openOwn(token, onMessage) : openLed(locks, token, onMessage);
}

/**
 * Calls back with the name of a lock once it is held, which is as long as this tab lives: whoever
 * gets it after that knows that the tab is gone.
 */
function withLock(then: (name: string | null) => void): void {
  const { locks } = navigator as { locks?: LockManager };
  if (locks === undefined) {
    then(null);
    return;
  }
  const name = `skychat/tab/${randomId()}`;
  void locks.request(name, () => {
    then(name);
    return new Promise(() => undefined);
  });
}

function openShared(token: string | null, onMessage: OnMessage): Live {
  const { port } = new SharedWorker(workerUrl() as string, { type: 'module', name: 'skychat' });
  port.onmessage = ({ data }: MessageEvent<FromHub>) => {
    onMessage(data);
  };
  const send = (message: ToHub): void => {
    port.postMessage(message);
  };
  const hello = (given: string | null): void => {
    withLock((lock) => {
      send({ kind: 'hello', token: given, lock });
    });
  };
  let latest = token;
  hello(token);
  addEventListener('pagehide', () => {
    send({ kind: 'bye' });
  });
  // Back out of the browser's cache: what was missed meanwhile is read anew.
  addEventListener('pageshow', ({ persisted }) => {
    if (!persisted) return;
    onMessage({ kind: 'reset' });
    hello(latest);
  });
  return {
    send: (message) => {
      if (message.kind === 'token') latest = message.token;
      send(message);
    },
  };
}

interface TrustedTypes {
  createPolicy(
    name: string,
    rules: { createScriptURL: (url: string) => string },
  ): { createScriptURL(url: string): unknown };
}

/** The one address that may become a worker: what the page itself names. */
function workerUrl(): unknown {
  const url = document.querySelector<HTMLMetaElement>('meta[name=worker]')?.content ?? '';
  const { trustedTypes } = globalThis as { trustedTypes?: TrustedTypes };
  if (trustedTypes === undefined) return url;
  return trustedTypes.createPolicy('worker', { createScriptURL: () => url }).createScriptURL(url);
}

/** The tab that has the lock runs the hub; when it ends the next one goes on from what it saw last. */
function openLed(locks: LockManager, token: string | null, onMessage: OnMessage): Live {
  const channel = new BroadcastChannel('skychat/events');
  let hub: Hub | undefined;
  let latest = token;
  let cursor: string | undefined;
  const take = (message: FromHub): void => {
    if (message.kind === 'events') cursor = message.events.at(-1)?.cursor ?? cursor;
    if (message.kind === 'reset') cursor = undefined;
    onMessage(message);
  };
  channel.onmessage = ({ data }: MessageEvent<FromHub | ToHub>) => {
    if (data.kind === 'hello') {
      if (hub !== undefined) channel.postMessage({ kind: 'state', state: hub.state });
    } else if (data.kind === 'token') {
      latest = data.token;
      hub?.setToken(data.token);
    } else if (data.kind === 'retry') hub?.retry();
    else if (data.kind !== 'bye') take(data);
  };
  const lead = async (): Promise<void> => {
    hub = new Hub(
      hubPorts,
      (message) => {
        channel.postMessage(message);
        take(message);
      },
      cursor,
    );
    await hub.run(latest);
  };
  void locks.request('skychat/leader', lead);
  channel.postMessage({ kind: 'hello', token: null, lock: null } satisfies ToHub);
  return {
    send: (message) => {
      if (message.kind === 'token') {
        latest = message.token;
        hub?.setToken(message.token);
      } else if (message.kind === 'retry') hub?.retry();
      channel.postMessage(message);
    },
  };
}

function openOwn(token: string | null, onMessage: OnMessage): Live {
  const hub = new Hub(hubPorts, onMessage);
  void hub.run(token);
  return {
    send: (message) => {
      if (message.kind === 'token') hub.setToken(message.token);
      else if (message.kind === 'retry') hub.retry();
    },
  };
}
