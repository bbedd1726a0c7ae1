import { describeTransport } from '../contract/transport.ts';
import { MemoryNetwork } from '../../src/net/memory.ts';
import { tcpTransport } from '../../src/net/tcp.ts';

describeTransport('memory', () => {
  const network = new MemoryNetwork();
  const endpoint = { host: 'b', port: 0 };
  return { listening: network.host('b'), dialing: network.host('a'), endpoint };
});

describeTransport('TCP', () => {
  const endpoint = { host: '127.0.0.1', port: 0 };
  return { listening: tcpTransport, dialing: tcpTransport, endpoint };
});

describeTransport('TCP over IPv6', () => {
  const endpoint = { host: '::1', port: 0 };
  return { listening: tcpTransport, dialing: tcpTransport, endpoint };
});
