/** A DtlsSocket keeps its listeners in a table of its own making: it must behave as any EventEmitter. */

import assert from 'node:assert/strict';
import { EventEmitter, errorMonitor, getEventListeners, once } from 'node:events';
import { test } from 'node:test';
import { DtlsSocket } from '../../lib/index.js';
import { pair } from '../support/loopback.js';

/** With events of any name. */
type Loose = EventEmitter<Record<string | symbol, unknown[]>>;

test('a socket is an EventEmitter in all that it does', async (t) => {
  const { client } = await pair(t);
  const socket = client as unknown as Loose;
  assert.equal(client instanceof EventEmitter, true);
  assert.equal(client instanceof DtlsSocket, true);
  assert.equal(DtlsSocket.defaultMaxListeners, EventEmitter.defaultMaxListeners);
  assert.deepEqual(socket.eventNames(), []);
  assert.equal(socket.getMaxListeners(), EventEmitter.defaultMaxListeners);
  assert.equal(socket.setMaxListeners(3).getMaxListeners(), 3);

  const heard: unknown[] = [];
  const one = (value: unknown): number => heard.push(['one', value]);
  const two = (value: unknown): number => heard.push(['two', value]);
  socket.on('a', one).on('a', two).once('b', one).prependListener('a', two);
  assert.deepEqual(socket.eventNames(), ['a', 'b']);
  assert.equal(socket.listenerCount('a'), 3);
  assert.deepEqual(getEventListeners(socket, 'a'), [two, one, two]);
  assert.equal(socket.emit('a', 1), true);
  assert.equal(socket.emit('b', 2), true);
  assert.equal(socket.emit('b', 3), false);
  assert.deepEqual(heard.splice(0), [
    ['two', 1],
    ['one', 1],
    ['two', 1],
    ['one', 2],
  ]);
  socket.off('a', two).off('a', two).off('a', one);
  assert.deepEqual(socket.eventNames(), []);
  socket.on('c', one).on('d', one).removeAllListeners('c');
  assert.deepEqual(socket.eventNames(), ['d']);
  socket.removeAllListeners();
  assert.equal(socket.emit('d', 4), false);
  assert.deepEqual(heard, []);
});

test('no name of an event is taken', async (t) => {
  const { client } = await pair(t);
  const socket = client as unknown as Loose;
  const symbol = Symbol('event');
  for (const name of ['constructor', 'toString', 'hasOwnProperty', '__proto__', symbol]) {
    assert.equal(socket.listenerCount(name), 0, String(name));
    assert.equal(socket.emit(name), false, String(name));
    let heard = 0;
    socket.on(name, () => {
      heard += 1;
    });
    assert.equal(socket.emit(name), true, String(name));
    assert.equal(heard, 1, String(name));
  }
});

test('newListener, removeListener and errorMonitor are told, and an error without a listener is thrown', async (t) => {
  const { client } = await pair(t);
  const socket = client as unknown as Loose;
  const told: unknown[] = [];
  const nothing = (): void => {};
  socket.on('newListener', (name) => told.push(['new', name]));
  socket.on('removeListener', (name) => told.push(['removed', name]));
  socket.on('a', nothing).off('a', nothing);
  assert.deepEqual(told, [
    ['new', 'removeListener'],
    ['new', 'a'],
    ['removed', 'a'],
  ]);
  const monitored = once(socket, errorMonitor);
  assert.throws(() => socket.emit('error', new Error('nobody listens')), /nobody listens/);
  assert.match(String(await monitored), /nobody listens/);
});
