/**
 * How a server goes on with a client's hello: the context for the name that it asks for (`SNICallback`, `sni`), and the
 * protocol (`ALPNCallback`). It asks the user and knows no association.
 */

import { type DtlsErrorCode, errorText } from './error-texts.js';
import { DtlsHandshakeError, DtlsOptionsError } from './errors.js';
import { SecureContext } from './secure-context.js';
import { type ServerNameContexts, type ServerNames, serverNames } from './server-names.js';
import { askUser, throwLater } from './user-code.js';
import { describe, optionalFunction } from './validate.js';

type ContextAnswer = SecureContext | null | undefined;

/**
 * As in `node:tls`, and simpler: a function of one parameter answers by what it returns, at once or by a promise; any
 * other by its callback, or by a context that it returns. No context means that of `sni`, or the server's own. An error,
 * thrown or passed to the callback, refuses the client by the alert unrecognized_name (RFC 6066 section 3). Asked once for
 * each handshake, and again when a client that was refused begins another.
 */
export type SniCallback = (
  servername: string,
  callback: (error: Error | null, context?: ContextAnswer) => void,
  // biome-ignore lint/suspicious/noConfusingVoidType: so are such functions declared for node:tls
) => ContextAnswer | void | PromiseLike<ContextAnswer | void>;

/**
 * As in `node:tls`, and it may return a promise: one of the client's protocols, or nothing, which refuses the client by
 * the alert no_application_protocol (RFC 7301 section 3.2). Not asked when the client offers none.
 */
export type AlpnCallback = (question: {
  /** What the client asks for; empty for nothing. */
  readonly servername: string;
  /** Best first, as UTF-8. */
  readonly protocols: readonly string[];
}) => string | undefined | PromiseLike<string | undefined>;

export interface HelloOptions {
  /** Finds the context for the name that a client asks for. */
  readonly SNICallback?: SniCallback | undefined;
  /** Contexts, or options of contexts, by host name, `*.example.com` or `*`; `addContext` adds to them. */
  readonly sni?: ServerNameContexts | undefined;
  /** Chooses the protocol (RFC 7301). Excludes `ALPNProtocols`. */
  readonly ALPNCallback?: AlpnCallback | undefined;
}

/** What a client asks for. */
export interface Hello {
  readonly servername: string;
  readonly protocols: readonly Buffer[];
}

/** How to go on with it. */
export interface HelloAnswer {
  /** Undefined: the server's own. */
  readonly context: SecureContext | undefined;
  /** Undefined: as the server is configured. */
  readonly protocol: Buffer | undefined;
}

/** Why not to go on. */
export interface HelloRefusal {
  readonly alert: number;
  readonly error: DtlsHandshakeError;
}

/** Whoever waits for the answer. */
export interface HelloAsker {
  /** The peer's address in texts. */
  readonly peer: string;
  /** Nobody waits any more. */
  readonly over: boolean;
  /** This function of the user's is asked now. */
  asking(name: 'SNICallback' | 'ALPNCallback'): void;
  goOn(answer: HelloAnswer): void;
  refuse(refusal: HelloRefusal): void;
}

const INTERNAL_ERROR = 80;
const UNRECOGNIZED_NAME = 112;
const NO_APPLICATION_PROTOCOL = 120;

export class HelloPolicy {
  readonly names: ServerNames;
  readonly #sniCallback: SniCallback | undefined;
  readonly #alpnCallback: AlpnCallback | undefined;

  /** @throws DtlsOptionsError naming the option that is wrong. */
  constructor(options: HelloOptions & { readonly ALPNProtocols?: unknown }) {
    this.#sniCallback = optionalFunction('SNICallback', options.SNICallback);
    this.#alpnCallback = optionalFunction('ALPNCallback', options.ALPNCallback);
    if (options.ALPNCallback !== undefined && options.ALPNProtocols !== undefined) {
      const words = { other: 'ALPNProtocols' };
      throw new DtlsOptionsError('ERR_DTLS_OPTION_CONFLICT', 'ALPNCallback', 'one of the two', words);
    }
    this.names = serverNames(options.sni);
  }

  /** Some clients may be shown credentials that are not the server's own. */
  get hasOtherContexts(): boolean {
    return this.#sniCallback !== undefined || this.names.size > 0;
  }

  /** There is something to ask about a hello. */
  get asks(): boolean {
    return this.#alpnCallback !== undefined || this.hasOtherContexts;
  }

  /** Exactly one of the asker's two answers follows, now or later, or none when the user never answers. */
  decide(hello: Hello, asker: HelloAsker): void {
    this.#chooseContext(hello, asker, (context) => {
      if (asker.over) return;
      this.#chooseProtocol(hello, asker, (protocol) => asker.goOn({ context, protocol }));
    });
  }

  #chooseContext(
    { servername }: Hello,
    asker: HelloAsker,
    chosen: (context: SecureContext | undefined) => void,
  ): void {
    const refuse = (error: unknown): void => {
      const words = { name: servername, reason: reasonOf(error) };
      asker.refuse(refusal('ERR_DTLS_SNI_CALLBACK_FAILED', asker, UNRECOGNIZED_NAME, words, error));
    };
    const take = (context: unknown): void => {
      if (context === undefined || context === null) chosen(this.names.find(servername));
      else if (context instanceof SecureContext) chosen(context);
      else refuse(new TypeError(`it answered with ${describe(context)}`));
    };
    const callback = this.#sniCallback;
    if (servername === '') {
      chosen(undefined);
    } else if (callback === undefined) {
      take(undefined);
    } else {
      asker.asking('SNICallback');
      askUser(() => askedByName(callback, servername), take, refuse);
    }
  }

  #chooseProtocol(
    { servername, protocols }: Hello,
    asker: HelloAsker,
    chosen: (protocol: Buffer | undefined) => void,
  ): void {
    const callback = this.#alpnCallback;
    if (callback === undefined || protocols.length === 0) {
      chosen(undefined);
      return;
    }
    const names = protocols.map((name) => name.toString());
    const offered = names.map((name) => JSON.stringify(name)).join(', ');
    const refuseBroken = (reason: string, cause?: unknown): void =>
      asker.refuse(refusal('ERR_DTLS_ALPN_CALLBACK_FAILED', asker, INTERNAL_ERROR, { reason }, cause));
    asker.asking('ALPNCallback');
    askUser(
      () => callback({ servername, protocols: [...names] }),
      (answer) => {
        const index = names.indexOf(answer as string);
        if (answer === undefined) {
          const words = { protocols: offered };
          asker.refuse(refusal('ERR_DTLS_ALPN_REFUSED', asker, NO_APPLICATION_PROTOCOL, words));
        } else if (index < 0) {
          refuseBroken(`${describe(answer)} is not among the protocols offered (${offered}).`);
        } else {
          chosen(protocols[index]);
        }
      },
      (error) => refuseBroken(reasonOf(error), error),
    );
  }
}

/** The answer by the callback, or by what the function returns. */
function askedByName(callback: SniCallback, servername: string): Promise<ContextAnswer> {
  return new Promise((resolve, reject) => {
    let answered = false;
    const returned: unknown = callback(servername, (error, context) => {
      if (answered) {
        throwLater(new Error('SNICallback has called its callback after it had answered'));
        return;
      }
      answered = true;
      if (error === null || error === undefined) resolve(context);
      else reject(error);
    });
    Promise.resolve(returned).then((context) => {
      // What returns nothing may yet call back, unless it does not even name the callback.
      if (answered || (context === undefined && callback.length !== 1)) return;
      answered = true;
      resolve(context as ContextAnswer);
    }, reject);
  });
}

function refusal(
  code: DtlsErrorCode,
  { peer }: HelloAsker,
  alert: number,
  words: Readonly<Record<string, string>>,
  cause?: unknown,
): HelloRefusal {
  return {
    alert,
    error: new DtlsHandshakeError(code, errorText(code, { peer, ...words }), { alert }, cause),
  };
}

function reasonOf(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error);
  return /[.!?]$/.test(text) ? text : `${text}.`;
}
