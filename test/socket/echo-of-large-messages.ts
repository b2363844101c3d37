/** For a process of its own: messages of some 4000 bytes, alone and in a burst, there and back on 127.0.0.1; a word when all have come. */

import { connect, createServer } from '../../lib/index.js';

const MESSAGES = 20;
const psk = { identity: 'one', key: Buffer.alloc(16, 1) };
const mtu = 4096;

const server = createServer({ psk: { one: psk.key }, mtu }, (socket) => {
  socket.on('message', (message) => socket.send(message));
});
server.listen(0, '127.0.0.1', () => {
  const client = connect({ port: server.address().port, host: '127.0.0.1', psk, mtu });
  const left = new Set(Array.from({ length: MESSAGES }, (_, index) => index));
  client.on('error', (error) => {
    throw error;
  });
  client.on('secureConnect', () => client.send(messageOf(0)));
  client.on('message', (message) => {
    const index = message[0] ?? MESSAGES;
    if (!message.equals(messageOf(index))) throw new Error(`message ${index} is another`);
    left.delete(index);
    if (index === 0) for (const next of left) client.send(messageOf(next));
    if (left.size > 0) return;
    process.stdout.write('all came\n');
    client.close();
    server.close();
  });
});

function messageOf(index: number): Buffer {
  return Buffer.alloc(4000, index);
}
