// The shared worker: one event stream for all tabs of the page.
import { hubPorts } from './env.ts';
import { Tabs } from './live/ports.ts';
import type { ToHub } from './live/wire.ts';

interface ConnectEvent {
  readonly ports: readonly MessagePort[];
}

const tabs = new Tabs(hubPorts);

/** A tab that ends without a word lets its lock go. */
async function removeWithLock(name: string, port: MessagePort): Promise<void> {
  await navigator.locks.request(name, () => {
    tabs.remove(port);
  });
}

(self as unknown as { onconnect: (event: ConnectEvent) => void }).onconnect = ({ ports }) => {
  const [port] = ports;
  if (port === undefined) return;
  port.onmessage = ({ data }: MessageEvent<ToHub>) => {
    tabs.handle(port, data);
    if (data.kind === 'hello' && data.lock !== null) void removeWithLock(data.lock, port);
  };
};
