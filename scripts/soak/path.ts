/**
 * A path in memory between any number of ends: it loses, damages, repeats, overtakes and holds back datagrams, and knows
 * which message is in which, so that whoever misses one can be told what became of it. It knows nothing of DTLS.
 */
import { EventEmitter } from 'node:events';
import type { DatagramTransport } from '../../lib/index.js';

/** Shares of the datagrams, from 0 to 1. */
export interface Weather {
  readonly loss: number;
  /** One bit is flipped. */
  readonly damage: number;
  readonly repetition: number;
  /** The one before it is overtaken. */
  readonly overtaking: number;
  /** Held back for {@link LATE_MS}: many overtake it. */
  readonly lateness: number;
}

export const FAIR: Weather = { loss: 0, damage: 0, repetition: 0, overtaking: 0, lateness: 0 };

const LATE_MS = 30;

/** What the path has done to a datagram that did not arrive as it was. */
export type Mishap = 'lost' | 'damaged' | 'nobodyThere';

interface Parcel {
  readonly sender: End;
  readonly from: string;
  readonly to: string;
  readonly bytes: Buffer;
  /** The message that it carries, if anybody wants to know what becomes of it. */
  readonly message: number | undefined;
}

export interface PathObserver {
  /** A datagram with this message did not arrive as it was. */
  mishap(message: number, mishap: Mishap): void;
  /** No datagram with this message is under way any more: whatever could come of it has come. */
  spent(message: number): void;
}

/** Carries datagrams by the next turn of the event loop. */
export class Path {
  weather = FAIR;
  readonly done = { carried: 0, lost: 0, damaged: 0, repeated: 0, late: 0, nobodyThere: 0, posthumous: 0 };
  readonly #ends = new Map<string, End>();
  readonly #random: () => number;
  readonly #observer: PathObserver;
  #waiting: Parcel[] = [];
  /** Of each message so many datagrams. */
  readonly #underWay = new Map<number, number>();

  constructor(random: () => number, observer: PathObserver) {
    this.#random = random;
    this.#observer = observer;
  }

  /** From now on what is sent to the end's place arrives there. */
  join(end: End): void {
    this.#ends.set(end.place, end);
  }

  leave(end: End): void {
    if (this.#ends.get(end.place) === end) this.#ends.delete(end.place);
  }

  put(parcel: Parcel): void {
    const { weather } = this;
    if (this.#chance(weather.loss)) {
      this.#note(parcel, 'lost');
      return;
    }
    const onTheWay = this.#chance(weather.damage) ? this.#damaged(parcel) : parcel;
    this.#underWayBy(onTheWay, 1);
    if (this.#chance(weather.lateness)) {
      this.done.late += 1;
      setTimeout(() => this.#queue(onTheWay), LATE_MS);
    } else {
      this.#queue(onTheWay);
    }
    if (this.#chance(weather.repetition)) {
      this.done.repeated += 1;
      this.#underWayBy(onTheWay, 1);
      this.#queue(onTheWay);
    }
  }

  #queue(parcel: Parcel): void {
    if (this.#waiting.length === 0) setImmediate(() => this.#deliver());
    const overtaken = this.#chance(this.weather.overtaking) ? 1 : 0;
    this.#waiting.splice(this.#waiting.length - overtaken, 0, parcel);
  }

  #deliver(): void {
    const parcels = this.#waiting;
    this.#waiting = [];
    for (const parcel of parcels) {
      const { sender, from, to, bytes } = parcel;
      const [address, port] = from.split(' ');
      this.done.carried += 1;
      const successor = this.#ends.get(from);
      if (successor !== undefined && successor !== sender) {
        this.done.posthumous += 1;
        successor.mishaps.posthumous += 1;
      }
      const end = this.#ends.get(to);
      if (end === undefined) this.#note(parcel, 'nobodyThere');
      else end.emit('message', bytes, { address, port: Number(port) });
      this.#underWayBy(parcel, -1);
    }
  }

  /** More datagrams with a parcel's message are under way, or fewer. */
  #underWayBy({ message }: Parcel, change: number): void {
    if (message === undefined) return;
    const underWay = (this.#underWay.get(message) ?? 0) + change;
    if (underWay > 0) {
      this.#underWay.set(message, underWay);
    } else {
      this.#underWay.delete(message);
      this.#observer.spent(message);
    }
  }

  #damaged(parcel: Parcel): Parcel {
    this.#note(parcel, 'damaged');
    const bytes = Buffer.from(parcel.bytes);
    const bit = Math.floor(this.#random() * bytes.length * 8);
    bytes[bit >> 3] = (bytes[bit >> 3] ?? 0) ^ (1 << (bit & 7));
    return { ...parcel, bytes };
  }

  #note({ from, to, message }: Parcel, mishap: Mishap): void {
    this.done[mishap] += 1;
    for (const place of [from, to]) {
      const end = this.#ends.get(place);
      if (end !== undefined) end.mishaps[mishap] += 1;
    }
    if (message !== undefined) this.#observer.mishap(message, mishap);
  }

  #chance(share: number): boolean {
    return share > 0 && this.#random() < share;
  }
}

/** One end of the path, at one place (address and port) at a time. */
export class End extends EventEmitter implements DatagramTransport {
  /** Of datagrams from and to here; posthumous: of whoever was here before, and arriving only now. */
  readonly mishaps: Record<Mishap | 'posthumous', number> = {
    lost: 0,
    damaged: 0,
    nobodyThere: 0,
    posthumous: 0,
  };
  readonly #path: Path;
  #place: string;
  #message: number | undefined;

  constructor(path: Path, place: string) {
    super();
    this.#path = path;
    this.#place = place;
    path.join(this);
  }

  get place(): string {
    return this.#place;
  }

  send(datagram: Uint8Array, port: number, address: string): void {
    const bytes = Buffer.from(datagram);
    this.#path.put({
      sender: this,
      from: this.#place,
      to: `${address} ${port}`,
      bytes,
      message: this.#message,
    });
  }

  /** What is sent by `sending` carries this message. */
  carrying(message: number, sending: () => void): void {
    this.#message = message;
    try {
      sending();
    } finally {
      this.#message = undefined;
    }
  }

  /** What is under way to the old place finds nobody there. */
  moveTo(place: string): void {
    this.leave();
    this.#place = place;
    this.#path.join(this);
  }

  leave(): void {
    this.#path.leave(this);
  }
}
