/** Where the GnuTLS server is, when it could be built (scripts/build-tools.mjs). */
import path from 'node:path';

export const GNUTLS_ECHO = path.join(__dirname, '../../../../build-dev/tools/gnutls_echo');
