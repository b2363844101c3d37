/**
 * `HOST[:PORT]` on a command line: a name, an IPv4 address, an IPv6 address bare or in brackets. Resolves nothing.
 */
import { isIPv6 } from 'node:net';
import { QT_EXAMPLE_PORT, UsageError, wholeNumber } from './arguments.js';

export interface Target {
  /** Name or address, without brackets. */
  readonly host: string;
  readonly port: number;
}

/** Reads one target; {@link UsageError} when it is none. */
export function parseTarget(text: string): Target {
  if (isIPv6(text)) return { host: text, port: QT_EXAMPLE_PORT };
  const bracketed = /^\[(?<host>[^\]]*)\](?::(?<port>.*))?$/s.exec(text)?.groups;
  if (bracketed !== undefined) {
    const { host = '', port } = bracketed;
    if (!isIPv6(host)) throw new UsageError(`'${text}': expected an IPv6 address between the brackets`);
    return { host, port: parsePort(text, port) };
  }
  const [host = '', port, ...rest] = text.split(':');
  if (rest.length > 0) {
    throw new UsageError(`'${text}': expected HOST, HOST:PORT, an IPv6 address, or [IPv6 address]:PORT`);
  }
  if (!/^[^\s[\]/@]+$/.test(host)) throw new UsageError(`'${text}': expected the name or address of a host`);
  return { host, port: parsePort(text, port) };
}

function parsePort(target: string, text: string | undefined): number {
  return text === undefined ? QT_EXAMPLE_PORT : wholeNumber(`port of '${target}'`, text, 1, 65535);
}
