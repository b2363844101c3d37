/** What is no good saving is refused by name, and nothing of it is restored. */

import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { type TestContext, test } from 'node:test';
import fc from 'fast-check';
import { createServer, DtlsOptionsError, type DtlsServer, DtlsStateError } from '../../lib/index.js';
import { openSaving, type Saving, sealSaving } from '../../lib/saving.js';
import { establish, key, listen, type Pair, pair } from '../support/loopback.js';
import { seededRandom } from '../support/random.js';
import { answeringClients, askEach, closed, codeOf, listenAgain, savingKey } from '../support/saving.js';

const DAMAGED = 'ERR_DTLS_SAVED_DAMAGED';
const VERSION = 'ERR_DTLS_SAVED_VERSION';
/** Magic and version. */
const VERSION_AT = 4;

/** An exported association, and the server that exported it. */
async function exported(t: TestContext): Promise<Pair & { saved: Buffer }> {
  const all = await pair(t);
  return { ...all, saved: all.server.exportAll(savingKey) };
}

/** That the saving as it was is still good, and with it all that the test has shown. */
function assertStillGood(server: DtlsServer, saved: Buffer, count = 1): void {
  assert.equal(server.getConnections(), 0);
  assert.equal(server.stats['restored'], 0);
  assert.equal(server.import(saved, savingKey).length, count);
}

function opened(saved: Buffer): Saving {
  const saving = openSaving(saved, savingKey);
  assert.ok(typeof saving !== 'string');
  return saving;
}

test('a saving with any bit flipped is refused', async (t) => {
  const { server, saved } = await exported(t);
  for (let at = 0; at < saved.length; at += 1) {
    for (let bit = 0; bit < 8; bit += 1) {
      const flipped = Buffer.from(saved);
      flipped[at] = (flipped[at] as number) ^ (1 << bit);
      const expected = at === VERSION_AT ? VERSION : DAMAGED;
      assert.equal(
        codeOf(() => server.import(flipped, savingKey)),
        expected,
        `byte ${at}, bit ${bit}`,
      );
    }
  }
  assertStillGood(server, saved);
});

test('a saving cut off at any length, or with anything after it, is refused', async (t) => {
  const { server, saved } = await exported(t);
  for (let length = 0; length < saved.length; length += 1) {
    assert.equal(
      codeOf(() => server.import(saved.subarray(0, length), savingKey)),
      DAMAGED,
      `${length} bytes`,
    );
  }
  assert.equal(
    codeOf(() => server.import(Buffer.concat([saved, Buffer.alloc(1)]), savingKey)),
    DAMAGED,
  );
  assertStillGood(server, saved);
});

test('a saving of many, changed anywhere in any way, restores not even those that were left alone', async (t) => {
  const listening = await listen(t);
  await answeringClients(t, listening, 5);
  const { server } = listening;
  const saved = server.exportAll(savingKey);
  const place = fc.nat({ max: saved.length - 1 });
  const change = fc.oneof(
    fc.record({ kind: fc.constant('cut' as const), at: place, length: fc.integer({ min: 1, max: 400 }) }),
    fc.record({ kind: fc.constant('double' as const), at: place, length: fc.integer({ min: 1, max: 400 }) }),
    fc.record({ kind: fc.constant('insert' as const), at: place, bytes: fc.uint8Array({ minLength: 1 }) }),
    fc.record({ kind: fc.constant('overwrite' as const), at: place, bytes: fc.uint8Array({ minLength: 1 }) }),
  );
  const changed = (step: typeof change extends fc.Arbitrary<infer Value> ? Value : never): Buffer => {
    const before = saved.subarray(0, step.at);
    if (step.kind === 'cut') return Buffer.concat([before, saved.subarray(step.at + step.length)]);
    if (step.kind === 'double')
      return Buffer.concat([saved.subarray(0, step.at + step.length), saved.subarray(step.at)]);
    const from = step.kind === 'insert' ? step.at : step.at + step.bytes.length;
    return Buffer.concat([before, step.bytes, saved.subarray(from)]);
  };
  fc.assert(
    fc.property(change, (step) => {
      const bytes = changed(step);
      fc.pre(!bytes.equals(saved));
      const code = codeOf(() => server.import(bytes, savingKey));
      assert.ok(code === DAMAGED || code === VERSION, `${code}`);
    }),
    { seed: 20_261_107, numRuns: 2000 },
  );
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 2000 }), (bytes) => {
      assert.equal(
        codeOf(() => server.import(bytes, savingKey)),
        DAMAGED,
      );
    }),
    { seed: 20_261_107, numRuns: 500 },
  );
  assertStillGood(server, saved, 5);
  await askEach([...server.connections], 'still there');
});

test('each association is sealed by itself as well: whoever reseals a container changes nothing in it', async (t) => {
  const { server, saved } = await exported(t);
  const saving = opened(saved);
  const [entry] = saving.entries;
  assert.ok(entry !== undefined);
  const { sealed, verdict } = entry;
  const importOther = (other: Buffer): string | undefined => {
    const bytes = sealSaving({ ...saving, entries: [{ sealed: other, verdict }] }, savingKey);
    return codeOf(() => server.import(bytes, savingKey));
  };
  for (let at = 0; at < sealed.length; at += 1) {
    const flipped = Buffer.from(sealed);
    flipped[at] = (flipped[at] as number) ^ (1 << (at % 8));
    assert.equal(importOther(flipped), at === 0 ? VERSION : DAMAGED, `byte ${at}`);
    assert.equal(importOther(sealed.subarray(0, at)), DAMAGED, `${at} bytes`);
  }
  assertStillGood(server, saved);
});

test('bytes that the key has sealed and that are no saving are refused', async (t) => {
  const { server, saved } = await exported(t);
  const { expiresAt, entries } = opened(saved);
  const random = seededRandom(5);
  for (let round = 0; round < 200; round += 1) {
    const sealed = Buffer.from(Array.from({ length: Math.floor(random() * 300) }, () => random() * 256));
    const bytes = sealSaving(
      { peer: undefined, expiresAt, entries: [...entries, { sealed, verdict: undefined }] },
      savingKey,
    );
    const code = codeOf(() => server.import(bytes, savingKey));
    assert.ok(code === DAMAGED || code === VERSION, `${code}`);
  }
  assertStillGood(server, saved);
});

test('a saving tells nothing to who has no key, and no two are alike', async (t) => {
  const { server, serverSocket, saved } = await exported(t);
  assert.equal(serverSocket.pskIdentity, 'alice');
  assert.equal(saved.includes('alice'), false);
  const openedEntry = opened(saved).entries[0];
  assert.ok(openedEntry !== undefined);
  assert.equal(saved.includes(openedEntry.sealed.subarray(0, 16)), false);
  server.import(saved, savingKey);
  const again = server.exportAll(savingKey);
  assert.notEqual(
    createHash('sha256').update(again.subarray(5, 40)).digest('hex'),
    createHash('sha256').update(saved.subarray(5, 40)).digest('hex'),
  );
});

test('a wrong key is refused, and cannot be told from damage', async (t) => {
  const { server, saved } = await exported(t);
  for (let at = 0; at < savingKey.length; at += 1) {
    const wrong = Buffer.from(savingKey);
    wrong[at] = (wrong[at] as number) ^ 0x80;
    assert.throws(
      () => server.import(saved, wrong),
      (error: DtlsOptionsError) =>
        error instanceof DtlsOptionsError && error.code === DAMAGED && error.option === 'saved',
    );
  }
  assertStillGood(server, saved);
});

test('keys, savings and lifetimes of a wrong kind are refused by name, and nothing has ended', async (t) => {
  const { server, serverSocket } = await pair(t);
  const wrongKeys = [
    undefined,
    null,
    'k'.repeat(32),
    Buffer.alloc(31),
    Buffer.alloc(33),
    new Uint16Array(32),
    {},
  ];
  for (const wrong of wrongKeys) {
    for (const call of [
      () => serverSocket.export(wrong as never),
      () => server.exportAll(wrong as never),
      () => server.import(Buffer.alloc(100), wrong as never),
    ]) {
      assert.throws(call, { code: 'ERR_DTLS_OPTION_INVALID', option: 'key' });
    }
  }
  for (const wrong of [undefined, null, 'saved', 7, [1, 2], {}]) {
    assert.throws(() => server.import(wrong as never, savingKey), {
      code: 'ERR_DTLS_OPTION_INVALID',
      option: 'saved',
    });
  }
  for (const expiresInMs of [0, -1, 1.5, Number.NaN, Number.POSITIVE_INFINITY, '60', 2_592_000_001]) {
    const options = { expiresInMs } as never;
    for (const call of [
      () => serverSocket.export(savingKey, options),
      () => server.exportAll(savingKey, options),
    ]) {
      assert.throws(call, { code: 'ERR_DTLS_OPTION_INVALID', option: 'expiresInMs' });
    }
  }
  assert.throws(() => server.exportAll(savingKey, 60 as never), { option: 'options' });
  assert.throws(() => createServer({ psk: { alice: key }, resumeFrom: Buffer.alloc(1) } as never), {
    code: 'ERR_DTLS_OPTION_NOT_SUPPORTED',
    option: 'resumeFrom',
  });
  assert.equal(server.getConnections(), 1);
  assert.equal(server.stats['exported'], 0);
});

test('the key is any view of 32 bytes, and may be wiped as soon as the call has returned', async (t) => {
  const { server } = await pair(t);
  const words = new Uint32Array(8).fill(0x01020304);
  const saved = server.exportAll(words);
  assert.equal(words[7], 0x01020304, 'the user’s own key is left alone');
  assert.equal(server.import(new DataView(saved.buffer, saved.byteOffset, saved.length), words).length, 1);
});

test('a saving expires: after an hour, or after expiresInMs', async (t) => {
  const { server } = await pair(t);
  const start = Date.now();
  for (const [lifetimeMs, options] of [
    [3_600_000, undefined],
    [1, { expiresInMs: 1 }],
    [2_592_000_000, { expiresInMs: 2_592_000_000 }],
  ] as const) {
    t.mock.method(Date, 'now', () => start);
    const saved = server.exportAll(savingKey, options);
    t.mock.method(Date, 'now', () => start + lifetimeMs);
    assert.throws(
      () => server.import(saved, savingKey),
      (error: DtlsStateError) => error instanceof DtlsStateError && error.code === 'ERR_DTLS_SAVED_EXPIRED',
    );
    t.mock.method(Date, 'now', () => start + lifetimeMs - 1);
    assert.equal(server.import(saved, savingKey).length, 1);
  }
});

test('a saving is restored once, even when what came of it has ended', async (t) => {
  const { server, saved } = await exported(t);
  const [restored] = server.import(saved, savingKey);
  assert.equal(
    codeOf(() => server.import(saved, savingKey)),
    'ERR_DTLS_SAVED_ADDRESS_IN_USE',
  );
  assert.ok(restored !== undefined);
  const ended = once(restored, 'close');
  restored.destroy();
  await ended;
  assert.throws(
    () => server.import(saved, savingKey),
    (error: DtlsStateError) =>
      error instanceof DtlsStateError && error.code === 'ERR_DTLS_SAVED_RESTORED_BEFORE',
  );
  assert.equal(server.getConnections(), 0);
});

test('one association that was restored before keeps out all that were saved with it', async (t) => {
  const { server, port } = await listen(t);
  const one = await establish(t, { server, port });
  const other = await establish(t, { server, port });
  const savedAlone = one.serverSocket.export(savingKey);
  const [entryAlone] = opened(savedAlone).entries;
  const saving = opened(other.serverSocket.export(savingKey));
  assert.ok(entryAlone !== undefined);
  const both = sealSaving({ ...saving, entries: [...saving.entries, entryAlone] }, savingKey);
  const [restored] = server.import(savedAlone, savingKey);
  restored?.destroy();
  assert.equal(
    codeOf(() => server.import(both, savingKey)),
    'ERR_DTLS_SAVED_RESTORED_BEFORE',
  );
  assert.equal(server.import(sealSaving(saving, savingKey), savingKey).length, 1);
});

test('a client that has come meanwhile from the same address is in the way', async (t) => {
  const { server, port, client, saved } = await exported(t);
  const { localPort } = client;
  const gone = once(client, 'close');
  client.destroy();
  await gone;
  const again = await establish(t, { server, port }, { psk: { identity: 'alice', key }, localPort });
  assert.throws(
    () => server.import(saved, savingKey),
    (error: DtlsStateError) =>
      error instanceof DtlsStateError && error.code === 'ERR_DTLS_SAVED_ADDRESS_IN_USE',
  );
  assert.deepEqual([...server.connections], [again.serverSocket]);
});

test('a Connection ID that is in use is refused', async (t) => {
  const { server, serverSocket } = await pair(t, {
    server: { connectionId: 8 },
    client: { connectionId: true },
  });
  const saved = serverSocket.export(savingKey);
  assert.equal(server.import(saved, savingKey).length, 1);
  assert.throws(
    () => server.import(saved, savingKey),
    (error: DtlsStateError) =>
      error instanceof DtlsStateError && error.code === 'ERR_DTLS_SAVED_CONNECTION_ID_IN_USE',
  );
  assert.equal(server.getConnections(), 1);
});

test('Connection IDs of another length than the server gives out are refused', async (t) => {
  const { server, port } = await pair(t, { server: { connectionId: 8 }, client: { connectionId: true } });
  const saved = server.exportAll(savingKey);
  await closed(server);
  const other = await listenAgain(t, port, { connectionId: 4 });
  assert.throws(
    () => other.import(saved, savingKey),
    (error: DtlsStateError) =>
      error instanceof DtlsStateError && error.code === 'ERR_DTLS_SAVED_CONNECTION_ID_LENGTH',
  );
  assert.equal(other.getConnections(), 0);
  await closed(other);
  assertStillGood(await listenAgain(t, port, { connectionId: 8 }), saved);
});

test('more associations than maxConnections are refused, all of them', async (t) => {
  const listening = await listen(t);
  await answeringClients(t, listening, 3);
  const saved = listening.server.exportAll(savingKey);
  await closed(listening.server);
  const narrow = await listenAgain(t, listening.port, { maxConnections: 2 });
  assert.throws(
    () => narrow.import(saved, savingKey),
    (error: DtlsStateError) => error instanceof DtlsStateError && error.code === 'ERR_DTLS_SAVED_NO_ROOM',
  );
  await closed(narrow);
  assertStillGood(await listenAgain(t, listening.port, { maxConnections: 3 }), saved, 3);
});

test('a server exports and imports only while it listens', async (t) => {
  const { server, saved } = await exported(t);
  const idle = createServer({ psk: { alice: key } });
  const refused = (call: () => unknown): void =>
    assert.throws(
      call,
      (error: DtlsStateError) =>
        error instanceof DtlsStateError && error.code === 'ERR_DTLS_SERVER_NOT_LISTENING',
    );
  refused(() => idle.import(saved, savingKey));
  refused(() => idle.exportAll(savingKey));
  idle.listen(0, '127.0.0.1');
  refused(() => idle.import(saved, savingKey));
  await once(idle, 'listening');
  await closed(idle);
  refused(() => idle.exportAll(savingKey));
  assertStillGood(server, saved);
});

test('a server’s socket that has ended, in whichever way, is not exported', async (t) => {
  const { server, port } = await listen(t);
  for (const end of ['close', 'destroy', 'export'] as const) {
    const { serverSocket } = await establish(t, { server, port });
    const ended = once(serverSocket, 'close');
    if (end === 'export') serverSocket.export(savingKey);
    else serverSocket[end]();
    const refused = (): void =>
      assert.throws(
        () => serverSocket.export(savingKey),
        (error: DtlsStateError) =>
          error instanceof DtlsStateError && error.code === 'ERR_DTLS_NOT_ESTABLISHED',
      );
    refused();
    await ended;
    refused();
  }
  assert.equal(server.stats['exported'], 1);
});
