/**
 * One handshake message in the clear from somebody who has no key, well-formed and not due: neither a full handshake nor
 * the shorter one of a session that goes on is ended or held up by it, and nobody's key is asked for.
 */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { networkContext, networkListening, networkOptions } from '../support/network-options.js';
import { contentTypes, handshakeTypes, writeHandshake, writeRecord } from '../support/records.js';
import { networkKey, SimulatedNetwork } from '../support/simulated-network.js';

const { certificate, certificateVerify, clientKeyExchange, serverHelloDone } = handshakeTypes;
const ONE_WAY_MS = 10;
/** The server reads the hello under the number 1; its own ServerHello has it as well. */
const HELLO = 1;

const identity = Buffer.from('mallory');
const exchange = Buffer.concat([Buffer.from([0, identity.length]), identity]);

interface Forgery {
  readonly to: 'client' | 'server';
  readonly type: number;
  readonly body: Buffer;
}

const forgeries: readonly Forgery[] = [
  { to: 'server', type: clientKeyExchange, body: exchange },
  { to: 'server', type: certificate, body: Buffer.alloc(3) },
  { to: 'server', type: certificateVerify, body: Buffer.alloc(40) },
  { to: 'client', type: serverHelloDone, body: Buffer.alloc(0) },
];

/** This one is due in a full handshake. */
function isDue({ type }: Forgery, messageSequence: number): boolean {
  return (type === clientKeyExchange || type === serverHelloDone) && messageSequence === HELLO + 1;
}

function assertUndisturbed(forgery: Forgery, messageSequence: number, resumed: boolean): void {
  const network = new SimulatedNetwork();
  network.conditions.delayMs = [ONE_WAY_MS, ONE_WAY_MS];
  const server = network.host('192.0.2.2', 5684);
  server.endpoint.listen(networkContext(), networkOptions(), networkListening());
  let session: Buffer | undefined;
  if (resumed) {
    const first = network.host('192.0.2.1', 40_000);
    const handle = first.connect(server, networkContext(), networkOptions());
    assert.ok(network.run(() => first.established.size > 0 && server.established.size > 0));
    session = first.endpoint.clientSession(handle);
    assert.ok(session !== undefined);
  }

  const client = network.host('192.0.2.1', 40_001);
  const questions: string[] = [];
  server.answers = {
    psk: (question) => {
      questions.push(question);
      return networkKey;
    },
  };
  const target = { client, server }[forgery.to];
  const from = (target === client ? server : client).place;
  const message = writeHandshake(forgery.type, messageSequence, forgery.body);
  const bytes = writeRecord(contentTypes.handshake, 0, 5, message);
  const [begun, earlier] = [network.now, server.established.size];
  client.connect(server, networkContext(), networkOptions(), session);
  // Before each datagram that goes there once the server has begun, for until then it is a stranger's.
  network.conditions.drop = ({ to }) => {
    const begins = server.counter('handshakesStarted') > earlier;
    if (to === target.place && begins) target.receive({ from, to, index: -1, bytes });
    return false;
  };
  const done = network.run(() => client.established.size > 0 && server.established.size > earlier, 60_000);
  assert.deepEqual([client.ended, server.ended], [[], []]);
  assert.ok(done, 'the handshake got stuck');
  assert.equal(network.now - begun, (resumed ? 5 : 6) * ONE_WAY_MS, 'the handshake was held up');
  assert.equal(client.retransmissions + server.retransmissions, 0);
  assert.deepEqual(questions, ['device']);
  assert.equal([...client.established.values()][0]?.sessionReused, resumed);
}

for (const resumed of [false, true]) {
  for (const forgery of forgeries) {
    for (let number = HELLO; number < HELLO + 5; number += 1) {
      if (!resumed && isDue(forgery, number)) continue;
      const course = resumed ? 'a session that goes on' : 'a full handshake';
      test(`${course}, to the ${forgery.to}: a message of type ${forgery.type}, number ${number}`, () => {
        assertUndisturbed(forgery, number, resumed);
      });
    }
  }
}
