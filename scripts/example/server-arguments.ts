/** The command line of the example server: its help, and its reading into options. Opens no socket. */
import { parseArgs } from 'node:util';
import {
  fileContents,
  hexBytes,
  QT_EXAMPLE_KEY,
  QT_EXAMPLE_PORT,
  refusingBadArguments,
  UsageError,
  wholeNumber,
} from './arguments.js';
import type { ExampleServerOptions } from './example-server.js';

export const SERVER_HELP = `Usage: npm run server -- [options]

A DTLS 1.2 server that prints the messages it receives and answers each with an ACK.

  --host HOST     address to listen on (default: every address of this machine, IPv6 and IPv4)
  --port PORT     UDP port (default ${QT_EXAMPLE_PORT}; 0 means any free one)
  --psk HEX       pre-shared key for every identity (default ${QT_EXAMPLE_KEY})
  --hint TEXT     PSK identity hint (default 'Qt DTLS example server')
  --cert FILE     PEM certificate chain; with --key, certificate suites are offered too
  --key FILE      PEM private key of the certificate
  --idle MS       forget a peer after this silence (default 60000; 0 means never)
  --json          print one JSON object a line
  --help          show this text

Ctrl-C says goodbye to every peer and ends the server. Exit codes: 0 ended in good order, 1 could not listen,
2 the command line cannot be used. Colours: NO_COLOR and FORCE_COLOR are respected; on a terminal not known to be
light (COLORFGBG), DarkBlue is raised to a blue that can be read on dark and light alike.
`;

export type ServerArguments =
  | { readonly help: true }
  | { readonly help: false; readonly json: boolean; readonly server: ExampleServerOptions };

/** Reads the command line; {@link UsageError} names what is wrong with it. */
export function parseServerArguments(argv: readonly string[]): ServerArguments {
  const { values } = refusingBadArguments(() =>
    parseArgs({
      args: [...argv],
      options: {
        host: { type: 'string' },
        port: { type: 'string', default: String(QT_EXAMPLE_PORT) },
        psk: { type: 'string', default: QT_EXAMPLE_KEY },
        hint: { type: 'string', default: 'Qt DTLS example server' },
        cert: { type: 'string' },
        key: { type: 'string' },
        idle: { type: 'string', default: '60000' },
        json: { type: 'boolean', default: false },
        help: { type: 'boolean', default: false },
      },
    }),
  );
  if (values.help) return { help: true };
  if (values.host === '') throw new UsageError('--host: expected a name or an address');
  const server: ExampleServerOptions = {
    host: values.host,
    port: wholeNumber('--port', values.port, 0, 65535),
    psk: hexBytes('--psk', values.psk),
    hint: values.hint,
    credentials: readCredentials(values.cert, values.key),
    idleTimeoutMs: wholeNumber('--idle', values.idle, 0, 2 ** 31 - 1),
  };
  return { help: false, json: values.json, server };
}

function readCredentials(
  cert: string | undefined,
  key: string | undefined,
): ExampleServerOptions['credentials'] {
  if (cert === undefined && key === undefined) return undefined;
  if (cert === undefined) throw new UsageError('--key: a certificate must be given too (--cert FILE)');
  if (key === undefined) throw new UsageError('--cert: its private key must be given too (--key FILE)');
  return { cert: fileContents('--cert', cert), key: fileContents('--key', key) };
}
