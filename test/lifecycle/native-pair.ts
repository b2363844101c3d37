/** A client and a server endpoint of the addon joined in memory, below the API. */

import type {
  Batch,
  NativeAddon,
  NativeAssociationOptions,
  NativeContext,
  NativeEndpoint,
} from '../../lib/native-seam.js';
import { Slab } from '../../lib/slab.js';
import { networkListening, networkOptions } from '../support/network-options.js';

export const serverOptions = networkListening({
  cookieSecret: Buffer.alloc(0),
  maxConnections: 10,
  maxPendingHandshakes: 10,
  ticketKeys: Buffer.alloc(0),
});

export function associationOptions(): NativeAssociationOptions {
  return networkOptions({ sessionTimeout: 0 });
}

export function newContext(addon: NativeAddon): NativeContext {
  return new addon.Context({
    certificates: [],
    keys: [],
    passphrases: [],
    authorities: [],
    nameAuthorities: false,
    ciphers: '',
    honorCipherOrder: true,
  });
}

interface Side {
  readonly addon: NativeAddon;
  readonly slab: Slab;
  readonly endpoint: NativeEndpoint;
  readonly address: string;
  readonly inbox: Buffer[];
  message: string | undefined;
  established: number | undefined;
}

function side(addon: NativeAddon, address: string): Side {
  return {
    addon,
    slab: new Slab(addon.slab),
    endpoint: new addon.Endpoint(),
    address,
    inbox: [],
    message: undefined,
    established: undefined,
  };
}

const port = 5684;

function take(batch: Batch | undefined, self: Side, peer: Side): void {
  for (const { message } of self.slab.take()) self.message = String(message);
  if (batch === undefined) return;
  let next = 1;
  for (let left = batch[0] as number; left > 0; left -= 1, next += 2)
    peer.inbox.push(batch[next + 1] as Buffer);
  for (; next < batch.length; next += 4) {
    const [kind, handle] = batch.slice(next, next + 2) as [number, number];
    const { eventKinds } = self.addon;
    if (kind === eventKinds.pskRequired) {
      const key = Buffer.from('0123456789abcdef');
      take(self.endpoint.answerPsk(0, handle, Buffer.from('pair'), key), self, peer);
    } else if (kind === eventKinds.established) {
      self.established = handle;
    }
  }
}

/** Shakes hands and sends one message from the client; what the server read, or undefined. */
export function handshake(addons: { client: NativeAddon; server: NativeAddon }): string | undefined {
  const client = side(addons.client, '192.0.2.1');
  const server = side(addons.server, '192.0.2.2');
  server.endpoint.listen(newContext(addons.server), associationOptions(), serverOptions);
  const handle = client.endpoint.connect(
    0,
    newContext(addons.client),
    server.address,
    port,
    associationOptions(),
  );
  take(client.endpoint.start(0, handle), client, server);
  let sent = false;
  while (client.inbox.length > 0 || server.inbox.length > 0) {
    for (const [self, peer] of [
      [server, client],
      [client, server],
    ] as const) {
      const datagram = self.inbox.shift();
      if (datagram) take(self.endpoint.receive(0, datagram, peer.address, port), self, peer);
    }
    if (client.established !== undefined && !sent) {
      sent = true;
      client.endpoint.send(0, client.established, Buffer.from('hello'));
      server.inbox.push(client.slab.datagram);
    }
  }
  return server.message;
}
