import { expect, test } from 'vitest';
import type { Advertise, Endpoint } from '../../src/config.ts';
import { ownAddresses, type NetworkAddress } from '../../src/node/own-addresses.ts';

const lan: readonly NetworkAddress[] = [
  { address: '127.0.0.1', family: 'IPv4', internal: true },
  { address: '::1', family: 'IPv6', internal: true },
  { address: '10.0.0.7', family: 'IPv4', internal: false },
  { address: 'fe80::1', family: 'IPv6', internal: false },
  { address: 'fd00::7', family: 'IPv6', internal: false },
];
const many = Array.from({ length: 9 }, (_, i): NetworkAddress => {
  return { address: `10.0.${i}.1`, family: 'IPv4', internal: false };
});
const named = [
  { host: 'chat.example.net', port: 1 },
  { host: 'fd00::7', port: 2 },
];

test.each<[string, Advertise, Endpoint | undefined, readonly NetworkAddress[], string[]]>([
  [
    'what its operator says, and only that',
    named,
    { host: '0.0.0.0', port: 9 },
    lan,
    ['chat.example.net:1', '[fd00::7]:2'],
  ],
  ['the one address that it listens on', [], { host: '127.0.0.1', port: 9 }, lan, ['127.0.0.1:9']],
  ['an IPv6 address in brackets', [], { host: '::1', port: 9 }, lan, ['[::1]:9']],
  ['the outer IPv4 addresses for 0.0.0.0', [], { host: '0.0.0.0', port: 9 }, lan, ['10.0.0.7:9']],
  [
    'both families for [::], without those of one link',
    [],
    { host: '::', port: 9 },
    lan,
    ['10.0.0.7:9', '[fd00::7]:9'],
  ],
  [
    'at most four interfaces',
    [],
    { host: '0.0.0.0', port: 9 },
    many,
    ['10.0.0.1:9', '10.0.1.1:9', '10.0.2.1:9', '10.0.3.1:9'],
  ],
  ['nothing where there is no outer interface', [], { host: '::', port: 9 }, lan.slice(0, 2), []],
  ['nothing when told so', 'none', { host: '127.0.0.1', port: 9 }, lan, []],
  ['nothing where it only dials', named, undefined, lan, []],
])('a node tells others %s', (_, advertise, listen, network, wanted) => {
  expect(ownAddresses(advertise, listen, network)).toEqual(wanted);
});
