/** The two programs of the README do what it says, as they stand there. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import dgram from 'node:dgram';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';

const ROOT = path.join(__dirname, '..', '..', '..');

/** The README's JavaScript blocks, with its port replaced. */
function programs(port: number): readonly string[] {
  const text = readFileSync(path.join(ROOT, 'README.md'), 'utf8');
  return Array.from(text.matchAll(/^```js\n(.*?)^```$/gms), ([, code = '']) =>
    code.replaceAll('22334', String(port)),
  );
}

async function freePort(): Promise<number> {
  const socket = dgram.createSocket('udp4').bind(0);
  await once(socket, 'listening');
  const { port } = socket.address();
  socket.close();
  await once(socket, 'close');
  return port;
}

test('The server and the client of the README find each other', { timeout: 30_000 }, async (t) => {
  const [serverCode = '', clientCode = '', ...others] = programs(await freePort());
  assert.deepEqual(others, []);
  const server = spawn(process.execPath, ['-e', serverCode], {
    cwd: ROOT,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  t.after(() => server.kill());
  const serverLines = server.stdout.setEncoding('utf8')[Symbol.asyncIterator]();
  assert.match((await serverLines.next()).value, /^listening/);

  const client = spawn(process.execPath, ['-e', clientCode], {
    cwd: ROOT,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  t.after(() => client.kill());
  let printed = '';
  client.stdout.setEncoding('utf8').on('data', (text: string) => {
    printed += text;
  });
  const [code] = await once(client, 'close');
  assert.equal(printed, 'ACK hello\n');
  assert.equal(code, 0);
  let told = '';
  while (!told.includes('has left')) told += (await serverLines.next()).value;
  assert.match(told, /^Alice is here, with \S+\nAlice has left: remote\n$/);
});
