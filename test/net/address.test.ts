import fc from 'fast-check';
import { expect, test } from 'vitest';
import { SkychatError } from '../../src/errors.ts';
import {
  formatEndpoint,
  formatPeerAddress,
  parseEndpoint,
  parsePeerAddress,
} from '../../src/net/address.ts';
import { identityAt } from '../support/net-rig.ts';

const pk = identityAt(0).publicKey;
const smallOrder = '01' + '00'.repeat(31);
const offTheCurve = '02' + '00'.repeat(31);

test.each([
  [`${pk}@127.0.0.1:8870`, '127.0.0.1', 8870],
  [`tcp://${pk}@127.0.0.1:8870`, '127.0.0.1', 8870],
  [`TCP://${pk.toUpperCase()}@h:1`, 'h', 1],
  [` ${pk}@node-1.example.org:65535 `, 'node-1.example.org', 65_535],
  [`${pk}@[::1]:8870`, '::1', 8870],
  [`${pk}@[fe80::1%eth0]:8870`, 'fe80::1%eth0', 8870],
  [`${pk}@my_container:80`, 'my_container', 80],
])('%s is an address', (text, host, port) => {
  expect(parsePeerAddress(text)).toEqual({ pk, host, port });
});

test.each([
  ['', 'no @'],
  ['127.0.0.1:8870', 'no @'],
  [pk as string, 'no @'],
  ['@127.0.0.1:8870', 'no characters'],
  [`${pk.slice(1)}@127.0.0.1:8870`, '63 characters'],
  [`${'x'.repeat(64)}@127.0.0.1:8870`, 'not hex'],
  [`${smallOrder}@127.0.0.1:8870`, 'no valid Ed25519'],
  [`${offTheCurve}@127.0.0.1:8870`, 'no valid Ed25519'],
  [`${pk}@`, 'cannot be told apart'],
  [`${pk}@host`, 'cannot be told apart'],
  [`${pk}@::1:8870`, 'cannot be told apart'],
  [`${pk}@[::1]`, 'cannot be told apart'],
  [`${pk}@:8870`, 'host is missing'],
  [`${pk}@[]:8870`, 'host is missing'],
  [`${pk}@[zz]:8870`, 'host is malformed'],
  [`${pk}@a b:8870`, 'host is malformed'],
  [`${pk}@a..b:8870`, 'host is malformed'],
  [`${pk}@-a:8870`, 'host is malformed'],
  [`${pk}@${'a'.repeat(300)}:8870`, 'host is malformed'],
  [`${pk}@a@b:8870`, 'host is malformed'],
  [`udp://${pk}@a:8870`, 'not hex'],
  [`${pk}@host:`, 'port'],
  [`${pk}@host:0`, 'port'],
  [`${pk}@host:65536`, 'port'],
  [`${pk}@host:8a`, 'port'],
  [`${pk}@host:-1`, 'port'],
  [`${pk}@host:1e3`, 'port'],
])('%s is refused, with what is wrong and a hint', (text, problem) => {
  const failure = failureOf(() => parsePeerAddress(text));
  expect(failure.code).toBe('bad-peer-address');
  expect(failure.message).toContain(problem);
  expect(failure.hint).toBeDefined();
  expect(failure.message.length).toBeLessThan(250);
});

test('a key that is no point says so before the host is looked at', () => {
  expect(failureOf(() => parsePeerAddress(`${smallOrder}@`)).message).toContain('Ed25519');
});

test('formatting and parsing are inverse', () => {
  const hosts = fc.oneof(fc.ipV4(), fc.ipV6(), fc.domain());
  fc.assert(
    fc.property(hosts, fc.integer({ min: 1, max: 65_535 }), (host, port) => {
      const address = { pk, host, port };
      expect(parsePeerAddress(formatPeerAddress(address))).toEqual(address);
      expect(parseEndpoint(formatEndpoint(address))).toEqual({ host, port });
    }),
  );
});

test('any text either parses or is refused with the code', () => {
  fc.assert(
    fc.property(fc.string(), fc.boolean(), (text, withKey) => {
      const input = withKey ? `${pk}@${text}` : text;
      try {
        parsePeerAddress(input);
      } catch (error) {
        expect(error).toBeInstanceOf(SkychatError);
      }
    }),
  );
});

function failureOf(run: () => unknown): SkychatError {
  try {
    run();
  } catch (error) {
    if (error instanceof SkychatError) return error;
  }
  throw new Error('there was no SkychatError');
}
