/** One named client of the example program: a DtlsAssociation whose events are printed and whose answers are counted. */
import { DtlsAssociation, type DtlsAssociationOptions } from '../../lib/index.js';
import type { ConsoleOutput } from './console-output.js';
import type { Target } from './target.js';

export interface ExampleClientOptions {
  readonly name: string;
  readonly target: Target;
  readonly association: DtlsAssociationOptions;
  /** Ends the association after so many answered pings; undefined: it goes on until {@link ExampleClient.stop}. */
  readonly pings: number | undefined;
}

/** Runs one association from handshake to shutdown. */
export class ExampleClient {
  readonly #options: ExampleClientOptions;
  readonly #output: ConsoleOutput;
  readonly #association: DtlsAssociation;
  #answered = 0;
  #failed = false;

  /** Throws a DtlsOptionsError when the options cannot be used. */
  constructor(options: ExampleClientOptions, output: ConsoleOutput) {
    const { target, name, association } = options;
    this.#options = options;
    this.#output = output;
    this.#association = new DtlsAssociation(target.host, target.port, name, association);
  }

  /** Answered pings so far. */
  get answered(): number {
    return this.#answered;
  }

  /** Begins the handshake. Fulfilled when the association has ended: whether it did what was asked. */
  async run(): Promise<boolean> {
    const { name } = this.#options;
    const association = this.#association;
    association.on('infoMessage', (text) => this.#output.info(text, name));
    association.on('warningMessage', (text) => this.#output.warning(text, name));
    association.on('errorMessage', (text) => this.#fail(text));
    association.on('serverResponse', (clientInfo, datagram, plainText) => {
      const heading = [`${clientInfo} received a DTLS datagram:`] as const;
      this.#output.response({ name, heading, datagram, plainText });
      this.#countAnswer();
    });
    const closed = new Promise<void>((resolve) => association.once('close', resolve));
    association.startHandshake();
    await closed;
    return this.#didWhatWasAsked();
  }

  /** Ends the association with close_notify. */
  stop(): void {
    this.#association.close();
  }

  #fail(text: string): void {
    this.#failed = true;
    this.#output.error(text, this.#options.name);
    this.#association.close();
  }

  #countAnswer(): void {
    this.#answered += 1;
    if (this.#answered === this.#options.pings) this.#association.close();
  }

  #didWhatWasAsked(): boolean {
    return !this.#failed && this.#answered >= (this.#options.pings ?? 1);
  }
}
