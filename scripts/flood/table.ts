/** The result of the flood measurement as people read it. */
import { type Environment, environmentText } from '../measuring/environment.js';
import type { FloodResult, Slice } from './measurement.js';
import type { EchoRound, FloodKind, HandshakeRound, Spread } from './protocol.js';

export interface FloodReport extends FloodResult, Environment {
  readonly rate: number;
  readonly deadline: number;
  readonly soon: number;
  readonly driver: string;
  readonly kind: FloodKind;
  readonly recvBuffer: number | undefined;
}

const FLOODS: Readonly<Record<FloodKind, string>> = {
  mixed: 'Hellos of strangers, half of them with a cookie made for another, one in eight malformed',
  hellos: 'First hellos of strangers',
  sender: 'First hellos of one stranger',
  records: 'Records of strangers',
};

const COLUMNS = ['second', 'sent', 'answered', 'refused', 'malformed', 'kernel drops', 'CPU', 'resident'];
const WIDTH = 14;

function row(cells: readonly string[]): string {
  return cells.map((cell) => cell.padStart(WIDTH)).join('');
}

function mib(bytes: number): string {
  return `${(bytes / 2 ** 20).toFixed(1)} MiB`;
}

function sliceRow(slice: Slice): string {
  const { seconds, sent, answered, refused, malformed, kernelDrops, cpuShare, residentBytes } = slice;
  return row([
    seconds.toFixed(0),
    ...[sent, answered, refused, malformed].map((rate) => rate.toFixed(0)),
    kernelDrops === null ? 'unknown' : kernelDrops.toFixed(0),
    `${(100 * cpuShare).toFixed(0)} %`,
    mib(residentBytes),
  ]);
}

function times(spread: Spread | null): string {
  if (spread === null) return 'none';
  const { median, p99, most } = spread;
  return `median ${median.toFixed(1)} ms, 99 % within ${p99.toFixed(1)} ms, longest ${most.toFixed(1)} ms`;
}

function share(part: number, whole: number): string {
  return `${part} of ${whole} (${((100 * part) / whole).toFixed(2)} %)`;
}

function handshakeLine(
  name: string,
  { tried, succeeded, soon, durationMs, failures }: HandshakeRound,
): string {
  const failed = Object.entries(failures).map(([code, count]) => `; ${code} ${count}`);
  return `${name}: ${share(succeeded, tried)}, ${soon} soon, ${times(durationMs)}${failed.join('')}`;
}

function echoLine(name: string, { sent, answered, roundTripMs }: EchoRound): string {
  return `${name}: ${share(answered, sent)} answered, ${times(roundTripMs)}`;
}

export function floodTable(report: FloodReport): string {
  const { quiet, flooded, slices, rate, deadline, recvBuffer } = report;
  const wished = rate === 0 ? 'as many as go' : `${rate} a second`;
  const buffer = recvBuffer === undefined ? 'default' : `${recvBuffer} bytes`;
  return [
    `${FLOODS[report.kind]}: ${wished}; receive buffer: ${buffer}`,
    `Server by the driver '${report.driver}'; ${environmentText(report)}`,
    '',
    row(COLUMNS),
    ...slices.map(sliceRow),
    '',
    `Sent ${report.sentPerSecond.toFixed(0)} and answered ${report.answeredPerSecond.toFixed(0)} a second, on average`,
    '',
    `Honest handshakes, complete within ${deadline} ms, and of these soon, within ${report.soon} ms:`,
    handshakeLine('  before the flood, PSK  ', quiet.psk),
    handshakeLine('  before the flood, ECDSA', quiet.ecdsa),
    handshakeLine('  in the flood, PSK      ', flooded.psk),
    handshakeLine('  in the flood, ECDSA    ', flooded.ecdsa),
    'Established associations, messages and their echoes:',
    echoLine('  before the flood', quiet.echoes),
    echoLine('  in the flood    ', flooded.echoes),
    `Resident memory of the server: ${mib(report.residentBytesBefore)} before the flood, ${mib(slices.at(-1)?.residentBytes ?? 0)} at its end, grown by ${mib(report.grownBytes)} after its first quarter`,
    '',
    `${report.barHeld ? 'Held' : 'MISSED'}: 99 % of honest handshakes complete (${(100 * report.successShare).toFixed(2)} %; ${(100 * report.soonShare).toFixed(2)} % soon), memory flat`,
    '',
  ].join('\n');
}
