/** What Qt's own tests check again and again, said once. */

import assert from 'node:assert/strict';
import type { Dtls } from '../../lib/dtls.js';
import type { DtlsErrorName } from '../../lib/qt-errors.js';

interface Reports {
  readonly dtlsError: DtlsErrorName;
  readonly dtlsErrorString: string;
}

/** The last operation met an error of this name, and says why. */
export function assertError(reports: Reports, name: DtlsErrorName, text?: string): void {
  assert.equal(reports.dtlsError, name, reports.dtlsErrorString);
  if (text !== undefined) assert.equal(reports.dtlsErrorString, text);
  assert.notEqual(reports.dtlsErrorString, '');
}

export function assertNoError(reports: Reports): void {
  assert.equal(reports.dtlsErrorString, '');
  assert.equal(reports.dtlsError, 'NoError');
}

/** The handshake has succeeded, and nothing is left to complain about. */
export function assertComplete(dtls: Dtls): void {
  assert.equal(dtls.handshakeState, 'HandshakeComplete');
  assert.equal(dtls.isConnectionEncrypted, true);
  assert.deepEqual(dtls.peerVerificationErrors, []);
  assertNoError(dtls);
}

/** There is no connection, and no trace of one. */
export function assertNotStarted(dtls: Dtls): void {
  assert.equal(dtls.handshakeState, 'HandshakeNotStarted');
  assert.equal(dtls.isConnectionEncrypted, false);
  assert.equal(dtls.sessionCipher, null);
  assert.equal(dtls.sessionProtocol, 'UnknownProtocol');
}
