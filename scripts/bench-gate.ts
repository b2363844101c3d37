/**
 * `npm run bench:gate`: how many hellos of strangers the cookie gate answers in a second, on the OpenSSL of this Node, and how
 * that compares with the HMAC alone that each of them needs. One core, no sockets.
 */
import os from 'node:os';
import { nativeTests } from '../test/support/native-test-addon.js';

const ROUNDS = 20;
const HELLOS = 100_000;

const { hello, cookie, bareHmac } = nativeTests.gateCost(ROUNDS, HELLOS);
const row = (name: string, nanoseconds: number): string =>
  `${name.padEnd(30)}${nanoseconds.toFixed(0).padStart(8)} ns${(1e3 / nanoseconds).toFixed(2).padStart(9)} M/s` +
  `${(nanoseconds / bareHmac).toFixed(2).padStart(9)} x HMAC\n`;

process.stdout.write(
  `Node.js ${process.version}, OpenSSL ${process.versions.openssl}, ${os.cpus()[0]?.model ?? 'unknown'}; ` +
    `best of ${ROUNDS} rounds of ${HELLOS}\n` +
    row('hello without a cookie', hello) +
    row('hello with a good cookie', cookie) +
    row('HMAC-SHA-256 of as many bytes', bareHmac),
);
