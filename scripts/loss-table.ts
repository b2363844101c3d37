/**
 * `npm run loss`: how many handshakes complete, and how fast, on a path that loses datagrams each way. In simulated time,
 * with the library's default timers and a round trip of 50 ms; the same seeds give the same table.
 */
import { parseArgs } from 'node:util';
import type { NativeAssociationOptions, NativeContext } from '../lib/native-seam.js';
import { createAuthority } from '../test/support/certificates.js';
import { networkContext, networkListening, networkOptions } from '../test/support/network-options.js';
import { SimulatedNetwork } from '../test/support/simulated-network.js';
import { refusingBadArguments, UsageError, wholeNumber } from './example/arguments.js';
import { EXIT, runProgram } from './example/run-program.js';

const HELP = `Usage: npm run loss -- [options]

  --runs N          handshakes for each row (default 200)
  --loss A,B,...    per cent of the datagrams that are lost each way (default 0,10,20,30,50)
  --mtu A,B,...     bytes of a datagram (default 256,512,1200)
  --credentials A,B of psk, ecdsa, mutual (default all)
  --json            print one JSON object a row
`;

const ONE_WAY_MS = 25;

type Credentials = 'psk' | 'ecdsa' | 'mutual';

interface Case {
  readonly credentials: Credentials;
  readonly mtu: number;
  readonly lossPercent: number;
}

interface Row extends Case {
  readonly runs: number;
  readonly complete: number;
  /** Simulated milliseconds until both sides are established. */
  readonly medianMs: number;
  readonly p99Ms: number;
  readonly slowestMs: number;
  readonly datagrams: number;
}

interface Contexts {
  readonly client: NativeContext;
  readonly server: NativeContext;
}

async function contexts(): Promise<Record<Credentials, Contexts>> {
  const authority = await createAuthority();
  const server = await authority.issue({ name: 'server.example', dnsNames: ['server.example'] });
  const client = await authority.issue({ name: 'client.example' });
  const trust = { authority: authority.cert };
  const none = networkContext(undefined, trust);
  return {
    psk: { client: none, server: none },
    ecdsa: { client: none, server: networkContext(server, trust) },
    mutual: { client: networkContext(client, trust), server: networkContext(server, trust) },
  };
}

function optionsOf({ credentials, mtu }: Case): NativeAssociationOptions {
  const psk = credentials === 'psk';
  return networkOptions({ mtu, psk, certificates: !psk, requestCertificate: credentials === 'mutual' });
}

/** Milliseconds until both sides are established; undefined when one of them gave up first. */
function shakeHands(
  seed: number,
  of: Case,
  { client, server }: Contexts,
): { ms: number | undefined; datagrams: number } {
  const network = new SimulatedNetwork(seed);
  network.conditions.loss = of.lossPercent / 100;
  network.conditions.delayMs = [ONE_WAY_MS, ONE_WAY_MS];
  const options = optionsOf(of);
  const there = network.host('192.0.2.2', 5684);
  there.endpoint.listen(server, options, networkListening());
  const here = network.host('192.0.2.1', 40_000);
  here.connect(there, client, options);
  const complete = network.run(() => here.established.size > 0 && there.established.size > 0, 200_000);
  return { ms: complete ? network.now : undefined, datagrams: network.sent.length };
}

function measure(of: Case, runs: number, by: Contexts): Row {
  const outcomes = Array.from({ length: runs }, (_, index) => shakeHands(index + 1, of, by));
  const times = outcomes.flatMap(({ ms }) => (ms === undefined ? [] : [ms])).toSorted((a, b) => a - b);
  const at = (share: number): number => times[Math.ceil(share * times.length) - 1] ?? Number.NaN;
  const datagrams = outcomes.map((outcome) => outcome.datagrams).toSorted((a, b) => a - b);
  return {
    ...of,
    runs,
    complete: times.length,
    medianMs: at(0.5),
    p99Ms: at(0.99),
    slowestMs: at(1),
    datagrams: datagrams[Math.floor(runs / 2)] ?? 0,
  };
}

function numbers(option: string, text: string, least: number, most: number): number[] {
  return text.split(',').map((part) => wholeNumber(option, part, least, most));
}

function printed(row: Row): string {
  const times = [row.medianMs, row.p99Ms, row.slowestMs].map((ms) => ms.toFixed(0).padStart(9));
  const share = `${((100 * row.complete) / row.runs).toFixed(2)} %`;
  return (
    `${row.credentials.padEnd(8)}${String(row.mtu).padStart(5)}${`${row.lossPercent} %`.padStart(7)}` +
    `${`${row.complete} of ${row.runs}`.padStart(17)}${share.padStart(10)}${times.join('')}${String(row.datagrams).padStart(11)}`
  );
}

async function main(argv: readonly string[]): Promise<number> {
  const { values } = refusingBadArguments(() =>
    parseArgs({
      args: [...argv],
      options: {
        runs: { type: 'string', default: '200' },
        loss: { type: 'string', default: '0,10,20,30,50' },
        mtu: { type: 'string', default: '256,512,1200' },
        credentials: { type: 'string', default: 'psk,ecdsa,mutual' },
        json: { type: 'boolean', default: false },
        help: { type: 'boolean', default: false },
      },
    }),
  );
  if (values.help) {
    process.stdout.write(HELP);
    return EXIT.done;
  }
  const runs = wholeNumber('--runs', values.runs, 1, 1_000_000);
  const by = await contexts();
  if (!values.json) {
    process.stdout.write(
      'by        MTU   loss         complete     share   median      99 %   slowest  datagrams\n',
    );
  }
  for (const credentials of values.credentials.split(',')) {
    if (!(credentials in by)) {
      throw new UsageError(`--credentials: '${credentials}' is none of ${Object.keys(by).join(', ')}`);
    }
    for (const mtu of numbers('--mtu', values.mtu, 256, 16_384)) {
      for (const lossPercent of numbers('--loss', values.loss, 0, 90)) {
        const row = measure(
          { credentials: credentials as Credentials, mtu, lossPercent },
          runs,
          by[credentials as Credentials],
        );
        process.stdout.write(`${values.json ? JSON.stringify(row) : printed(row)}\n`);
      }
    }
  }
  return EXIT.done;
}

void runProgram(main);
