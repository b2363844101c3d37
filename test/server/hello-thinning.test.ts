/** How much a flooded server lets in: against floods in simulated time. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type HelloThinning, type Load, nativeTests } from '../support/native-test-addon.js';

const { HelloThinning: Thinning } = nativeTests;
const { circle, least, periodMs } = Thinning;
const CHANCES = 2 ** 32 - 1;
/** Datagrams that the socket's buffer holds. */
const ROOM = 2500;
/** How long a server is busy with one, in milliseconds. */
const HELLO_MS = 0.01;
const OTHER_MS = 0.001;

/** Of datagrams per millisecond. */
interface Flood {
  readonly hellos: number;
  readonly others: number;
  /** They all come from one sender, who stands there on the circle. */
  readonly place?: number;
}

interface Period {
  readonly load: Load;
  /** Of what came, hellos that were too many included. */
  readonly lost: number;
  readonly heard: number;
}

/** A server and its receive buffer, a period at a time. */
class Flooded {
  readonly thinning: HelloThinning = new Thinning();
  #now = 0;
  #hellos = 0;
  #others = 0;

  /** What the arc and chance let through, of a flood from all over the circle or from one place. */
  #passing({ hellos, place }: Flood): number {
    if (!this.thinning.on()) return hellos;
    const { first, width, chance } = this.thinning.shareAt(this.#now);
    const inArc = place === undefined ? width / circle : Number((place - first + circle) % circle < width);
    return hellos * inArc * (chance / CHANCES);
  }

  period(flood: Flood): Period {
    let lost = 0;
    let drained = false;
    let [hellos, others] = [0, 0];
    for (let ms = 0; ms < periodMs; ms += 1) {
      const came = [this.#passing(flood), flood.others] as const;
      const room = Math.max(0, ROOM - this.#hellos - this.#others);
      const kept = Math.min(1, room / Math.max(1e-9, came[0] + came[1]));
      lost += (1 - kept) * (came[0] + came[1]);
      this.#hellos += kept * came[0];
      this.#others += kept * came[1];
      const work = this.#hellos * HELLO_MS + this.#others * OTHER_MS;
      const done = Math.min(1, 1 / Math.max(1e-9, work));
      hellos += done * this.#hellos;
      others += done * this.#others;
      this.#hellos *= 1 - done;
      this.#others *= 1 - done;
      if (done === 1) drained = true;
      this.#now += 1;
    }
    const load = {
      hellos: Math.round(hellos),
      others: Math.round(others),
      fill: (this.#hellos + this.#others) / ROOM,
      drained,
    };
    if (this.thinning.on()) this.thinning.look(load);
    else if (this.thinning.isNeeded(load)) this.thinning.begin();
    return { load, lost, heard: hellos };
  }

  run(flood: Flood, seconds: number): Period[] {
    return Array.from({ length: (seconds * 1000) / periodMs }, () => this.period(flood));
  }
}

function sum(periods: readonly Period[], of: (period: Period) => number): number {
  return periods.reduce((total, period) => total + of(period), 0);
}

for (const [name, flood] of Object.entries({
  'twice what there is time for': { hellos: 200, others: 0 },
  'nine times, and others among it': { hellos: 900, others: 20 },
  'fifteen times': { hellos: 1500, others: 0 },
})) {
  test(`In a flood of hellos nothing else is lost, and the server has work: ${name}`, () => {
    const server = new Flooded();
    server.run(flood, 3);
    assert.ok(server.thinning.on());
    const periods = server.run(flood, 30);
    assert.equal(
      sum(periods, ({ lost }) => lost),
      0,
    );
    const heardPerMs = sum(periods, ({ heard }) => heard) / 30_000;
    assert.ok(heardPerMs > 0.7 / HELLO_MS, `${heardPerMs} hellos are heard`);
  });

  test(`When the flood is over everybody is heard again: ${name}`, () => {
    const server = new Flooded();
    server.run(flood, 5);
    server.run({ hellos: 1, others: 1 }, 3);
    assert.equal(server.thinning.on(), false);
  });
}

test('However many come, nobody is shut out', () => {
  const server = new Flooded();
  for (const { load } of server.run({ hellos: 1e6, others: 0 }, 20)) assert.equal(load.fill > 0.5, true);
  const { width, chance } = server.thinning.shareAt(0);
  assert.equal(width, circle * least);
  assert.ok(chance >= Math.floor(least * CHANCES));
});

test('A flood from one sender leaves the others their turn', () => {
  const server = new Flooded();
  const flood = { hellos: 900, others: 20, place: 12_345 };
  server.run(flood, 10);
  const periods = server.run(flood, 100);
  const came = 100_000 * flood.others;
  // In each round of the arc it is met once, and held back when it is.
  const share = sum(periods, ({ lost }) => lost) / (came + 100_000 * flood.hellos);
  assert.ok(share < 0.1, `${share} of it finds no room`);
});

test('A flood of anything else does not cost the hellos more than it does by itself', () => {
  const server = new Flooded();
  server.run({ hellos: 20, others: 5000 }, 10);
  assert.equal(server.thinning.on(), false);
  // Nor when it comes in the midst of one of hellos.
  server.run({ hellos: 900, others: 0 }, 5);
  assert.ok(server.thinning.on());
  server.run({ hellos: 20, others: 5000 }, 10);
  assert.equal(server.thinning.on(), false);
});

/** When clients ask, in seconds: this library's and OpenSSL's, each with the arc that is enough. */
const tries = {
  'tries every 8 s at last, for 60 s': { at: [0, 1, 3, 7, 15, 23, 31, 39, 47, 55], arc: 0.17 },
  'six tries': { at: [0, 1, 3, 7, 15, 31], arc: 0.3 },
  'four tries within 10 s': { at: [0, 1, 3, 7], arc: 0.39 },
};

for (const [name, { at, arc }] of Object.entries(tries)) {
  test(`An arc of ${arc} meets every client: ${name}`, () => {
    const thinning = new Thinning();
    thinning.begin();
    const places = Array.from({ length: 200 }, (_, index) => (index * circle) / 200);
    for (let start = 0; start < 20_000; start += 97) {
      const firsts = at.map((second) => thinning.shareAt(start + second * 1000).first);
      for (const place of places) {
        assert.ok(
          firsts.some((first) => (place - first + circle) % circle < arc * circle),
          `one that begins after ${start} ms at ${place} is never heard`,
        );
      }
    }
  });
}
