/**
 * TLS alerts: their names by number (RFC 5246 section 7.2, RFC 4279, RFC 6066, RFC 7301) and, for some, what the
 * receiver should look at. A table that knows nothing else.
 */

interface Alert {
  readonly name: string;
  readonly hint?: string;
}

const certificateHint = 'the peer did not accept the certificate sent from here';

const alerts: Readonly<Record<number, Alert>> = {
  0: { name: 'close_notify' },
  10: { name: 'unexpected_message' },
  20: { name: 'bad_record_mac', hint: 'the keys of the two sides differ' },
  21: { name: 'decryption_failed' },
  22: { name: 'record_overflow' },
  30: { name: 'decompression_failure' },
  40: {
    name: 'handshake_failure',
    hint: 'the two sides have no cipher suite or credential in common, or the peer refused ours (or a renegotiation)',
  },
  41: { name: 'no_certificate' },
  42: { name: 'bad_certificate', hint: certificateHint },
  43: { name: 'unsupported_certificate', hint: certificateHint },
  44: { name: 'certificate_revoked', hint: certificateHint },
  45: { name: 'certificate_expired', hint: certificateHint },
  46: { name: 'certificate_unknown', hint: certificateHint },
  47: { name: 'illegal_parameter' },
  48: { name: 'unknown_ca', hint: 'the peer does not trust the CA of the certificate sent from here' },
  49: { name: 'access_denied', hint: 'the peer knows who we are and refuses us' },
  50: { name: 'decode_error' },
  51: { name: 'decrypt_error', hint: 'the pre-shared keys of the two sides probably differ' },
  60: { name: 'export_restriction' },
  70: { name: 'protocol_version', hint: 'the peer does not speak DTLS 1.2' },
  71: { name: 'insufficient_security', hint: 'the peer wants stronger suites or keys' },
  80: { name: 'internal_error', hint: 'the trouble is on the side of the peer' },
  86: { name: 'inappropriate_fallback' },
  90: { name: 'user_canceled' },
  100: { name: 'no_renegotiation' },
  109: { name: 'missing_extension' },
  110: { name: 'unsupported_extension' },
  111: { name: 'certificate_unobtainable' },
  112: { name: 'unrecognized_name', hint: 'the server does not serve this `servername`' },
  113: { name: 'bad_certificate_status_response' },
  114: { name: 'bad_certificate_hash_value' },
  115: { name: 'unknown_psk_identity', hint: 'the server does not know our PSK identity' },
  116: { name: 'certificate_required', hint: 'the peer wants a certificate: give `cert` and `key`' },
  120: { name: 'no_application_protocol' },
};

/** The name of an alert, e.g. `handshake_failure` for 40. */
export function alertName(number: number): string {
  return alerts[number]?.name ?? `alert_${number}`;
}

/** What an alert received usually means, or an empty text. */
export function alertHint(number: number): string {
  return alerts[number]?.hint ?? '';
}
