/** The command line of the example client: its help, and its reading into options. Resolves and opens nothing. */
import { parseArgs } from 'node:util';
import {
  hexBytes,
  QT_EXAMPLE_KEY,
  QT_EXAMPLE_PORT,
  refusingBadArguments,
  UsageError,
  wholeNumber,
} from './arguments.js';
import type { ClientRunOptions } from './client-run.js';
import { parseTarget } from './target.js';

const LONGEST_TIME_MS = 2 ** 31 - 1;

export const CLIENT_HELP = `Usage: npm run client -- HOST[:PORT] [HOST[:PORT] ...] [options]

Opens DTLS 1.2 associations, sends a ping over each at once and then at every interval, and prints the answers.
HOST is a name, an IPv4 address or an IPv6 address; with a port an IPv6 address stands in brackets: [::1]:${QT_EXAMPLE_PORT}.
Without a port: ${QT_EXAMPLE_PORT}.

  --count N       associations for each target (default 1)
  --name NAME     name and PSK identity (default 'Alice (clone number N)', N = 0, 1, ...); with more than one
                  association, 'NAME (clone number N)'
  --psk HEX       pre-shared key (default ${QT_EXAMPLE_KEY})
  --pings N       end each association after N answered pings (default: go on until Ctrl-C)
  --interval MS   time between pings (default 5000)
  --timeout MS    time for a whole handshake (default 60000)
  --json          print one JSON object a line
  --help          show this text

Ctrl-C ends every association with close_notify. A server that leaves three pings in a row unanswered (for 2 s
at least) is given up. Exit codes: 0 all did what was asked (with --pings: all were answered; else: each association had an
answer and none failed before Ctrl-C), 1 something failed, 2 the command line cannot be used. Colours: NO_COLOR and
FORCE_COLOR are respected; on a terminal not known to be light (COLORFGBG), DarkBlue is raised to a blue that can be
read on dark and light alike.
`;

export type ClientArguments =
  | { readonly help: true }
  | { readonly help: false; readonly json: boolean; readonly run: ClientRunOptions };

/** Reads the command line; {@link UsageError} names what is wrong with it. */
export function parseClientArguments(argv: readonly string[]): ClientArguments {
  const { values, positionals } = refusingBadArguments(() =>
    parseArgs({
      args: [...argv],
      allowPositionals: true,
      options: {
        count: { type: 'string', default: '1' },
        name: { type: 'string' },
        psk: { type: 'string', default: QT_EXAMPLE_KEY },
        pings: { type: 'string' },
        interval: { type: 'string', default: '5000' },
        timeout: { type: 'string', default: '60000' },
        json: { type: 'boolean', default: false },
        help: { type: 'boolean', default: false },
      },
    }),
  );
  if (values.help) return { help: true };
  if (positionals.length === 0) throw new UsageError('Host name or address required to connect');
  if (values.name === '') throw new UsageError('--name: expected at least one character');
  const run: ClientRunOptions = {
    targets: positionals.map(parseTarget),
    count: wholeNumber('--count', values.count, 1, 10_000),
    name: values.name,
    psk: hexBytes('--psk', values.psk),
    pings: values.pings === undefined ? undefined : wholeNumber('--pings', values.pings, 1, 1_000_000_000),
    intervalMs: wholeNumber('--interval', values.interval, 1, LONGEST_TIME_MS),
    handshakeTimeoutMs: wholeNumber('--timeout', values.timeout, 1, LONGEST_TIME_MS),
  };
  return { help: false, json: values.json, run };
}
