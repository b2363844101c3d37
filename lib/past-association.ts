/**
 * What was known of an association when it ended, for those who ask later. Hardly anybody does: it is kept as the addon
 * gave it, and put into objects when it is asked for.
 */

import { addon } from './addon.js';
import type { AssociationInfo, AssociationTraffic, Remains } from './native-seam.js';

export class PastAssociation {
  readonly #remains: Remains | undefined;

  /** Without remains: one that was never established. */
  constructor(remains: Remains | undefined) {
    this.#remains = remains;
  }

  get info(): AssociationInfo | undefined {
    if (this.#remains === undefined) return undefined;
    const [
      ,
      ,
      ,
      ,
      suite,
      maxMessageSize,
      sessionReused,
      pskIdentity,
      serverName,
      alpnProtocol,
      certificates,
    ] = this.#remains;
    const [cipherName, cipherStandardName] = addon.cipherSuiteNames(suite) ?? ['', ''];
    return {
      cipherName,
      cipherStandardName,
      protocol: 'DTLSv1.2',
      maxMessageSize,
      serverName: serverName ?? '',
      pskIdentity: pskIdentity === undefined ? undefined : Buffer.from(pskIdentity),
      peerCertificates: certificates ?? [],
      alpnProtocol,
      sessionReused,
    };
  }

  get traffic(): AssociationTraffic | undefined {
    if (this.#remains === undefined) return undefined;
    const [messagesSent, messagesReceived, bytesSent, bytesReceived] = this.#remains;
    return { messagesSent, messagesReceived, bytesSent, bytesReceived };
  }
}
