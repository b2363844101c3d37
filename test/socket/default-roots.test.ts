import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { before, test } from 'node:test';
import { promisify } from 'node:util';
import { createAuthority, type Identity } from '../support/certificates.js';
import { cleanUp } from '../support/loopback.js';

const library = JSON.stringify(join(__dirname, '../../lib/index.js'));

let rootPem: string;
let identity: Identity;

before(async () => {
  const authority = await createAuthority();
  rootPem = authority.cert;
  identity = await authority.issue({ name: 'localhost', dnsNames: ['localhost'] });
});

/** Runs a script in a process of its own, with a file of extra CA certificates; what it printed. */
async function run(t: Parameters<typeof cleanUp>[0], extra: string, script: string): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), 'native-dtls-'));
  cleanUp(t, () => rmSync(folder, { recursive: true }));
  const file = join(folder, 'extra.pem');
  writeFileSync(file, extra);
  const { stdout } = await promisify(execFile)(process.execPath, ['-e', script], {
    env: { ...process.env, NODE_EXTRA_CA_CERTS: file, NODE_DEBUG: '' },
  });
  return stdout.trim();
}

/** Prints what a client without `ca` says of a server with our certificate. */
const certificateScript = (): string => `
  const { connect, createServer } = require(${library});
  const server = createServer(${JSON.stringify({ cert: identity.cert, key: identity.key })});
  server.listen(0, '127.0.0.1', () => {
    const client = connect({ host: '127.0.0.1', port: server.address().port, servername: 'localhost' });
    client.on('secureConnect', () => { console.log('authorized', client.authorized); client.close(); });
    client.on('error', (error) => console.log(error.code));
    client.on('close', () => server.close());
  });`;

test('without ca the roots of node:tls are trusted, those of NODE_EXTRA_CA_CERTS included', async (t) => {
  assert.equal(await run(t, rootPem, certificateScript()), 'authorized true');
});

test('a root that is not among them is not trusted, and unreadable extra certificates are ignored', async (t) => {
  assert.equal(await run(t, 'no certificates here', certificateScript()), 'UNABLE_TO_VERIFY_LEAF_SIGNATURE');
});

test('a client with a pre-shared key alone never loads the roots', async (t) => {
  const script = `
    const fs = require('node:fs');
    const tls = require('node:tls');
    let loads = 0;
    const read = fs.readFileSync;
    fs.readFileSync = (file, ...rest) => { loads += file === process.env.NODE_EXTRA_CA_CERTS; return read(file, ...rest); };
    if (tls.getCACertificates) tls.getCACertificates = () => { loads += 1; return [...tls.rootCertificates]; };
    const { connect, createServer } = require(${library});
    const key = Buffer.from('1a2b3c4d5e6f', 'hex');
    const server = createServer({ psk: { alice: key } }).listen(0, '127.0.0.1', () => {
      const { port } = server.address();
      const client = connect({ host: '127.0.0.1', port, psk: { identity: 'alice', key } }, () => {
        const before = loads;
        connect({ host: '127.0.0.1', port }).on('error', () => {}).destroy();
        console.log(before, loads);
        client.close();
        server.close();
      });
    });`;
  assert.equal(await run(t, rootPem, script), '0 1');
});
