/**
 * The one table of error codes and their texts. A word in braces is filled in where the error is made. Every code has
 * a heading in `docs/errors.md`. Certificate errors are not listed: they keep the codes of `node:tls`.
 */

export const errorTexts = {
  ERR_DTLS_ADDON_MISSING:
    'The native addon of native-dtls could not be loaded: {reason}. Run `npm rebuild native-dtls` (in a clone: ' +
    '`npm run build`); it needs Python 3, make and a C++20 compiler.',
  ERR_DTLS_NODE_TOO_OLD:
    'This Node.js {version} has Node-API {found}, and native-dtls needs Node-API {needed}: run it with Node.js 20.3 ' +
    'or later.',

  ERR_DTLS_OPTION_INVALID: 'The option `{option}` must be {expected}. Received {received}.',
  ERR_DTLS_OPTION_MISSING: 'The option `{option}` is missing: {expected} is needed.',
  ERR_DTLS_OPTION_CONFLICT: 'The options `{option}` and `{other}` exclude each other: give {expected}.',
  ERR_DTLS_OPTION_NOT_SUPPORTED:
    'The option `{option}` is not supported by this version of native-dtls. Leave it out: nothing would obey it.',
  ERR_DTLS_PROTOCOL_NOT_SUPPORTED:
    "The option `{option}` must be 'DTLSv1.2'. Received {received}. DTLS 1.0 is not supported: all its suites are " +
    'CBC with SHA-1, and RFC 8996 forbids it. DTLS 1.3 is in no OpenSSL that Node carries yet.',
  ERR_DTLS_CREDENTIALS_MISSING:
    'A DTLS server needs {expected}. Give `psk` or `pskCallback`, or `cert` and `key`, or a `secureContext` with them.',
  ERR_DTLS_SESSION_INVALID:
    'The option `{option}` cannot be used: {reason}. Leave it out, and the handshake is a full one.',
  ERR_DTLS_CERTIFICATE_UNREADABLE: 'A certificate in `cert` cannot be read as PEM: {reason}.',
  ERR_DTLS_KEY_UNREADABLE: 'A private key in `key` cannot be read as PEM: {reason}.',
  ERR_DTLS_PASSPHRASE_WRONG: 'The `passphrase` of a private key in `key` is missing or wrong: {reason}.',
  ERR_DTLS_KEY_MISMATCH:
    'The certificate in `cert` and the private key in `key` do not belong together, or one of them is missing: ' +
    '{reason}.',
  ERR_DTLS_CA_UNREADABLE: 'A certificate in `ca` cannot be read as PEM: {reason}.',
  ERR_DTLS_CIPHER_UNKNOWN:
    'The option `ciphers` names no cipher suite that OpenSSL knows: {received}. Names are those of `openssl ciphers`.',
  ERR_DTLS_CIPHER_NOT_SUPPORTED:
    'The option `ciphers` names {subject}, which is not supported: only AEAD suites (GCM, CCM, ChaCha20-Poly1305) ' +
    'are, because CBC suites in DTLS are open to padding oracles and to being ended by one forged record.',

  ERR_DTLS_CLOSED: 'The association with {peer} is closed: nothing can be sent any more.',
  ERR_DTLS_SEND_QUEUE_FULL:
    'The message was dropped: {limit} wait already for the handshake with {peer}. Wait for `secureConnect`, or for ' +
    '`drain` after `send` has returned false.',
  ERR_DTLS_MESSAGE_TOO_LARGE:
    'A message of {length} bytes does not fit one record: at most {limit} bytes do with the present `mtu` ' +
    '(`maxMessageSize`). Split it, or raise `mtu` on a path that carries larger datagrams.',
  ERR_DTLS_ADDRESS_UNPROVEN:
    'A message of {length} bytes was not sent: {peer} is a new address of the peer, and may be sent little until more ' +
    'has come from there. Wait until the peer speaks again, or send less at once.',
  ERR_DTLS_RECORD_NUMBERS_EXHAUSTED:
    'No more messages can be sent to {peer}: all 2^48 record numbers of the key in use are spent, and none may be ' +
    'used twice. Close the association and connect again, which makes new keys.',
  ERR_DTLS_CONNECTION_ID_LENGTH:
    'Connection IDs of {wanted} bytes were asked for on a `socket` where they have {length}: records do not say how ' +
    'long theirs are. Ask for the same `connectionId`, or use another socket.',
  ERR_DTLS_CONNECTION_ID_FAILED:
    'The function given as `connectionId` failed: {reason}. Let it return a new Uint8Array, always of the same length ' +
    'from 1 to 255; until then no client that offers Connection IDs is let in.',
  ERR_DTLS_CONNECTION_ID_IN_USE:
    'The hello of {peer} went unanswered: what the function given as `connectionId` has made last is in use already. Let ' +
    'it make each Connection ID once, or longer ones.',
  ERR_DTLS_NOT_ESTABLISHED:
    'Only an established association can be exported or give keying material, and that with {peer} is not. Ask ' +
    'after `secureConnect` and before `close`; one that was exported goes on where its saving is restored.',
  ERR_DTLS_SAVED_DAMAGED:
    'What was given as `{option}` cannot be opened: either the bytes are not those that the export returned, or the ' +
    'key is another one (the two cannot be told apart). Nothing was restored.',
  ERR_DTLS_SAVED_VERSION:
    'What was given as `{option}` is in a format of another version of native-dtls. Nothing was restored: restore it ' +
    'with the version that exported it, or let the peers shake hands again.',
  ERR_DTLS_SAVED_ROLE:
    'What was given as `{option}` was saved by the other side: a saving of a server is for `server.import`, one of a ' +
    'client for `connect({ resumeFrom })`. Nothing was restored.',
  ERR_DTLS_SAVED_EXPIRED:
    'What was given as `{option}` has expired. Nothing was restored: let the peers shake hands again, or export with ' +
    'a longer `expiresInMs`.',
  ERR_DTLS_SAVED_RESTORED_BEFORE:
    'An association in `{option}` was restored in this process before. Restored twice it would use record numbers ' +
    'twice, which breaks its encryption. Nothing was restored: go on with the first, and export that one.',
  ERR_DTLS_SAVED_CONNECTION_ID_IN_USE:
    'The Connection ID of an association in `{option}` is in use here already. Nothing was restored.',
  ERR_DTLS_SAVED_CONNECTION_ID_LENGTH:
    'The Connection IDs in `{option}` have another length than those that are given out here. Nothing was restored: ' +
    'give the `connectionId` that was in use at the export.',
  ERR_DTLS_SAVED_ADDRESS_IN_USE:
    'There is an association with the peer of one in `{option}` already. Nothing was restored: import before clients ' +
    'come, or close the association in the way.',
  ERR_DTLS_SAVED_NO_ROOM:
    'There are more associations in `{option}` than there is room for. Nothing was restored: raise `maxConnections`.',
  ERR_DTLS_SERVER_LISTENING: 'This server is listening already. Close it first, or create another one.',
  ERR_DTLS_SERVER_NOT_LISTENING: 'This server is not listening. Call `listen` and wait for `listening`.',
  ERR_DTLS_ABORTED: 'The association was ended by the `signal` given to `connect`.',

  ERR_DTLS_HANDSHAKE_TIMEOUT: 'The handshake with {peer} was not complete after {timeoutMs} ms: {diagnosis}',
  ERR_DTLS_HANDSHAKE_FAILED: 'The handshake with {peer} failed: {reason}.',
  ERR_DTLS_ALERT_RECEIVED: '{peer} ended the {stage} with the alert {alert}{hint}.',
  ERR_DTLS_PSK_REFUSED: 'There is no pre-shared key for {subject}: the handshake with {peer} was refused.',
  ERR_DTLS_SESSION_REFUSED:
    '{peer} wanted to go on with a session of {subject}, which has another key by now: the handshake was refused. The ' +
    'client must shake hands without the session.',
  ERR_DTLS_PSK_CALLBACK_FAILED:
    '`pskCallback` failed, so the handshake with {peer} was refused: {reason} Let it return a key, or null to refuse.',
  ERR_DTLS_SNI_CALLBACK_FAILED:
    "`SNICallback` gave no context for the name '{name}', so the handshake with {peer} was refused: {reason} Let it " +
    'answer with what `createSecureContext` returns, or with nothing for the context of the server.',
  ERR_DTLS_ALPN_REFUSED:
    '`ALPNCallback` chose none of the protocols that {peer} offers ({protocols}): the handshake was refused.',
  ERR_DTLS_ALPN_CALLBACK_FAILED:
    '`ALPNCallback` failed, so the handshake with {peer} was refused: {reason} Let it return one of the protocols that ' +
    'it is given, or undefined to refuse.',
  ERR_DTLS_VERIFY_CALLBACK_FAILED:
    '`verifyPeer` failed, so the certificate of {peer} was refused: {reason}. Let it return true to accept, and false or ' +
    'an error to refuse.',
  ERR_DTLS_PSK_IDENTITY_INVALID:
    'The PSK identity sent by {peer} contains NUL, is not UTF-8 or is longer than 255 bytes: no key can belong to it, ' +
    'and the handshake was refused.',
  ERR_DTLS_CERTIFICATE_REFUSED: 'The certificate of {peer} was refused: {reason}.{advice}',
  ERR_DTLS_INTERNAL: 'OpenSSL failed unexpectedly with {peer}: {reason}.',

  ERR_DTLS_HOST_NOT_FOUND: 'The host name `{host}` could not be resolved to an address: {reason}.',
  ERR_DTLS_CONNECTION_REFUSED:
    'Nothing listens at {peer}: an ICMP message said so. Check address and port, and that the server runs.',
  ERR_DTLS_ADDRESS_BUSY:
    'There is an association with {peer} on this socket already. Close it first, or use another socket.',
  ERR_DTLS_BIND_FAILED: 'A UDP socket could not be bound to {address}: {reason}.',
  ERR_DTLS_TRANSPORT_FAILED: 'The datagram socket to {peer} failed: {reason}.',
  ERR_DTLS_TRANSPORT_CLOSED: 'The datagram socket was closed from outside while it was in use.',
  ERR_DTLS_SEND_FAILED: 'A datagram to {peer} could not be handed to the kernel: {reason}.',
} as const;

/** Every code of this library's own. */
export type DtlsErrorCode = keyof typeof errorTexts;

/** The text of a code with its words filled in; a word that is not given stays visible in its braces. */
export function errorText(
  code: DtlsErrorCode,
  words: Readonly<Record<string, string | number>> = {},
): string {
  return errorTexts[code].replace(/\{(\w+)\}/g, (braced, word: string) => String(words[word] ?? braced));
}
