/**
 * An EventEmitter that weighs 24 bytes more than its class without it, and 32 with its first listener: Node's own weighs
 * 64, and 190 more for the table of listeners that it makes at once. It knows no events.
 */

import { EventEmitter } from 'node:events';

/**
 * Listeners by event, as Node.js keeps them. Node's own `{ __proto__: null }` is a hash table to V8; an object that a
 * constructor has made is not, and inherits as little.
 */
class Listeners {}
Reflect.deleteProperty(Listeners.prototype, 'constructor');
Object.setPrototypeOf(Listeners.prototype, null);

/** Where Node.js keeps listeners; libraries beyond number look there. */
interface Emitter {
  _events: object;
  _eventsCount: number;
}

/**
 * An EventEmitter in all that it does. Its prototype has what the constructor of Node's own writes into each object
 * (as it must for emitters of old, which never call it); only the listeners need a place of their own.
 */
export const LeanEmitter = function LeanEmitter(this: Emitter): void {
  this._events = new Listeners();
  this._eventsCount = 0;
} as unknown as typeof EventEmitter;
Object.setPrototypeOf(LeanEmitter, EventEmitter);
Object.setPrototypeOf(LeanEmitter.prototype, EventEmitter.prototype);
