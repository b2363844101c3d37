/**
 * `npm run soak`: one server and thousands of clients that come, talk, move, say goodbye, reboot on their port and vanish,
 * over a path in memory that loses, damages, repeats, reorders and delays datagrams, for as long as is wished. Prints memory
 * and counters over time. At the end the path is mended, everybody who lives must be answered, every message of before must
 * be answered or accounted for, memory must have stayed where it was, and nothing may be left.
 */
import { parseArgs } from 'node:util';
import { type Authority, createAuthority, type Identity } from '../test/support/certificates.js';
import { seededRandom } from '../test/support/random.js';
import { refusingBadArguments, wholeNumber } from './example/arguments.js';
import { EXIT, runProgram } from './example/run-program.js';
import { environment, environmentText } from './measuring/environment.js';
import { collectGarbage, heapBytes, Living, LoopWatch } from './soak/leftovers.js';
import { MemoryCurve } from './soak/memory-curve.js';
import type { Weather } from './soak/path.js';
import {
  growthText,
  leftoverProblems,
  leftoversText,
  problemsOf,
  sampleLine,
  summaryText,
} from './soak/report.js';
import { SERVER_NAME } from './soak/server.js';
import { Soak } from './soak/soak.js';

const HELP = `Usage: npm run soak -- [options]

  --minutes N   how long (default 15)
  --clients N   how many there are at a time (default 2000)
  --loss N      per cent of the datagrams that are lost each way (default 5)
  --seed N      of the path and of what clients do (default 1)
`;

const SAMPLE_MS = 5000;
const SAMPLES_A_LINE = 3;
const REHEARSAL = { clients: 100, runMs: 500 };

function badWeather(lossPercent: number): Weather {
  return { loss: lossPercent / 100, damage: 0.005, repetition: 0.02, overtaking: 0.1, lateness: 0.01 };
}

interface SoakOptions {
  readonly minutes: number;
  readonly clients: number;
  readonly loss: number;
  readonly seed: number;
}

interface Certificates {
  readonly authority: Authority;
  readonly identity: Identity;
}

/** What is made once in a process is there before anything is compared. */
async function rehearse({ authority, identity }: Certificates): Promise<void> {
  const soak = await Soak.start(REHEARSAL.clients, identity, authority, seededRandom(1), new Living());
  await soak.run(badWeather(0), REHEARSAL.runMs);
  await soak.end();
}

/** What is wrong, as sentences. Nothing of it is reachable any more when this has returned. */
async function run(
  { minutes, clients, loss, seed }: SoakOptions,
  { authority, identity }: Certificates,
  curve: MemoryCurve,
  living: Living,
): Promise<string[]> {
  const start = performance.now();
  const sampled = () => curve.sample((performance.now() - start) / 1000);
  const soak = await Soak.start(clients, identity, authority, seededRandom(seed), living);
  let samples = 0;
  const sampling = setInterval(() => {
    const sample = sampled();
    samples += 1;
    if (samples % SAMPLES_A_LINE === 0) process.stdout.write(sampleLine(sample, soak));
  }, SAMPLE_MS);
  await soak.run(badWeather(loss), minutes * 60_000);
  clearInterval(sampling);
  await soak.settle();
  process.stdout.write(`The path is mended:\n${sampleLine(sampled(), soak)}`);
  const { established } = soak.crowd;
  const stats = soak.server.stats;
  const associationsLeft = await soak.end();
  process.stdout.write(summaryText(soak, stats));
  return problemsOf(soak, { clients, established, associationsLeft });
}

async function soak(options: SoakOptions): Promise<number> {
  process.stdout.write(`${environmentText(environment())}\n`);
  const authority = await createAuthority();
  const identity = await authority.issue({ name: SERVER_NAME, dnsNames: [SERVER_NAME] });
  await rehearse({ authority, identity });
  await collectGarbage();
  const allocatedBefore = heapBytes();
  const loop = new LoopWatch();
  const living = new Living();
  const curve = new MemoryCurve();
  const problems = await run(options, { authority, identity }, curve, living);
  await collectGarbage();
  const allocatedAfter = heapBytes();
  const leftovers = {
    objects: living.count,
    loop: loop.left,
    heapBytes: allocatedAfter === undefined ? undefined : allocatedAfter - (allocatedBefore ?? 0),
  };
  const { resident, allocated } = curve.verdict();
  process.stdout.write(growthText('Resident memory', resident));
  if (allocated !== undefined) process.stdout.write(growthText("Of the allocator's memory", allocated));
  process.stdout.write(leftoversText(leftovers));
  if (!resident.flat || allocated?.flat === false) problems.push('memory has grown');
  problems.push(...leftoverProblems(leftovers));
  process.stdout.write(problems.length === 0 ? 'Held.\n' : `MISSED: ${problems.join('; ')}.\n`);
  return problems.length === 0 ? EXIT.done : EXIT.failed;
}

async function main(argv: readonly string[]): Promise<number> {
  const { values } = refusingBadArguments(() =>
    parseArgs({
      args: [...argv],
      options: {
        minutes: { type: 'string', default: '15' },
        clients: { type: 'string', default: '2000' },
        loss: { type: 'string', default: '5' },
        seed: { type: 'string', default: '1' },
        help: { type: 'boolean', default: false },
      },
    }),
  );
  if (values.help) {
    process.stdout.write(HELP);
    return EXIT.done;
  }
  return soak({
    minutes: wholeNumber('--minutes', values.minutes, 1, 10_000),
    clients: wholeNumber('--clients', values.clients, 1, 100_000),
    loss: wholeNumber('--loss', values.loss, 0, 50),
    seed: wholeNumber('--seed', values.seed, 1, 1e9),
  });
}

void runProgram(main);
