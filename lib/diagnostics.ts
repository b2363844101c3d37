/**
 * What `NODE_DEBUG=dtls` prints. It knows how to write a line, and nothing of what the lines say.
 */

import { debuglog } from 'node:util';

/** Writes one line to standard error when `NODE_DEBUG` names `dtls`; takes the arguments of `util.format`. */
export const debug = debuglog('dtls');
