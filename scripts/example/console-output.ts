/**
 * What the example programs print: coloured lines, or one JSON object a line. Everything passes through here, so
 * nothing that a peer sent reaches the terminal unescaped. Knows nothing of DTLS.
 */
import { escapeJson, escapeText } from './escape-text.js';
import { type ColorEnvironment, chooseColors, type Level, type Paint } from './terminal-colors.js';

export interface ConsoleOutputOptions {
  /** One JSON object a line instead of text: `time level name text datagram plainText`; what is not there is null. */
  readonly json?: boolean;
  readonly stream?: { readonly isTTY?: boolean; write(text: string): unknown };
  readonly environment?: ColorEnvironment;
}

/** A decrypted message as it is shown: some lines of heading, the ciphertext as hex, the plaintext. */
export interface ShownResponse {
  /** Who it came from (server) or who received it (client). */
  readonly name: string;
  readonly heading: readonly [first: string, ...rest: string[]];
  /** The datagram as received, or undefined when it was not captured. */
  readonly datagram: Uint8Array | undefined;
  readonly plainText: Uint8Array;
}

/** Prints the four kinds of messages that Qt's DTLS examples show. */
export class ConsoleOutput {
  readonly #json: boolean;
  readonly #stream: { write(text: string): unknown };
  readonly #paint: Paint;

  constructor(options: ConsoleOutputOptions = {}) {
    const stream = options.stream ?? process.stdout;
    this.#json = options.json ?? false;
    this.#stream = stream;
    this.#paint = chooseColors(stream, options.environment ?? process.env);
  }

  error(text: string, name: string | null = null): void {
    this.#message('error', text, name);
  }

  warning(text: string, name: string | null = null): void {
    this.#message('warning', text, name);
  }

  info(text: string, name: string | null = null): void {
    this.#message('info', text, name);
  }

  response(shown: ShownResponse): void {
    const plainText = Buffer.from(shown.plainText).toString('utf8');
    if (this.#json) {
      const datagram = shown.datagram === undefined ? null : Buffer.from(shown.datagram).toString('hex');
      this.#object('response', shown.name, shown.heading[0], datagram, plainText);
      return;
    }
    const hex = shown.datagram === undefined ? '(not captured)' : spacedHex(shown.datagram);
    for (const line of ['---------------', ...shown.heading, ` ${hex}`, 'As plain text:', ` ${plainText}`]) {
      this.#line('response', line);
    }
  }

  #message(level: Level, text: string, name: string | null): void {
    if (this.#json) this.#object(level, name, text, null, null);
    else this.#line(level, text);
  }

  #line(level: Level, line: string): void {
    this.#stream.write(`${this.#paint(level, escapeText(line))}\n`);
  }

  #object(
    level: Level,
    name: string | null,
    text: string,
    datagram: string | null,
    plainText: string | null,
  ): void {
    const time = new Date().toISOString();
    this.#stream.write(`${escapeJson({ time, level, name, text, datagram, plainText })}\n`);
  }
}

function spacedHex(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join(' ');
}
