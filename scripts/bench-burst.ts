/**
 * `npm run bench:burst`: how long echoes of established associations take while other clients shake hands with the same
 * server. Server, echoes and handshakes are processes of their own; rounds in peace and rounds with handshakes alternate.
 */
import { parseArgs } from 'node:util';
import { type BurstCase, type BurstOptions, type EchoTimes, measureBurst } from './burst/measurement.js';
import { refusingBadArguments, wholeNumber } from './example/arguments.js';
import { EXIT, runProgram } from './example/run-program.js';
import { environment, environmentText } from './measuring/environment.js';

const HELP = `Usage: npm run bench:burst -- [options]

  --associations N    that echo (default 20)
  --every-ms MS       each of them sends a message so often (default 20)
  --rounds N          in peace, and as many with handshakes (default 5)
  --round-ms MS       length of a round (default 2000)
  --json              print one JSON object instead of the table
`;

/** 200 a second, and as many as come. */
const PACE = { atOnce: 20, everyMs: 100 };
const FULL = { atOnce: 64, everyMs: undefined };

const CASES: readonly BurstCase[] = [
  { name: 'ECDSA, 20 at once, 200/s', keyType: 'ecdsa', mutual: false, ...PACE },
  { name: 'ECDSA mutual, 20 at once, 200/s', keyType: 'ecdsa', mutual: true, ...PACE },
  { name: 'RSA-2048, 20 at once, 200/s', keyType: 'rsa', mutual: false, ...PACE },
  { name: 'ECDSA, 64 at once, always', keyType: 'ecdsa', mutual: false, ...FULL },
  { name: 'ECDSA mutual, 64 at once, always', keyType: 'ecdsa', mutual: true, ...FULL },
];

function cells({ p50, p99, most }: EchoTimes): string {
  return [p50, p99, most].map(({ median }) => median.toFixed(0).padStart(8)).join('');
}

async function main(argv: readonly string[]): Promise<number> {
  const { values } = refusingBadArguments(() =>
    parseArgs({
      args: [...argv],
      options: {
        associations: { type: 'string', default: '20' },
        'every-ms': { type: 'string', default: '20' },
        rounds: { type: 'string', default: '5' },
        'round-ms': { type: 'string', default: '2000' },
        json: { type: 'boolean', default: false },
        help: { type: 'boolean', default: false },
      },
    }),
  );
  if (values.help) {
    process.stdout.write(HELP);
    return EXIT.done;
  }
  const options: BurstOptions = {
    associations: wholeNumber('--associations', values.associations, 1, 1000),
    everyMs: wholeNumber('--every-ms', values['every-ms'], 1, 60_000),
    rounds: wholeNumber('--rounds', values.rounds, 1, 1000),
    roundMs: wholeNumber('--round-ms', values['round-ms'], 100, 600_000),
  };
  const print = (text: string): void => {
    if (!values.json) process.stdout.write(`${text}\n`);
  };
  print(`Echoes in microseconds, medians of ${options.rounds} rounds\n${environmentText(environment())}\n`);
  print(`${''.padEnd(34)}handshakes      in peace: p50, p99, most       meanwhile: p50, p99, most`);
  const results = [];
  for (const burst of CASES) {
    const result = await measureBurst(burst, options);
    results.push(result);
    const { handshakesPerSecond, failed, inPeace, meanwhile } = result;
    const rate = `${handshakesPerSecond.toFixed(0)}/s${failed > 0 ? ` (${failed} failed)` : ''}`;
    print(`${burst.name.padEnd(34)}${rate.padStart(10)}     ${cells(inPeace)}        ${cells(meanwhile)}`);
  }
  if (values.json) process.stdout.write(`${JSON.stringify({ ...environment(), ...options, results })}\n`);
  return EXIT.done;
}

void runProgram(main);
