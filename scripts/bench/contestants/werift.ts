/** The npm package werift-dtls: DTLS in JavaScript, certificates only, an association a transport. */
import dgram from 'node:dgram';
import { RECEIVE_BUFFER_BYTES, type ServerReply } from '../protocol.js';
import { loadWeriftDtls, type WeriftTransport } from './werift-package.js';

/** Answers whoever has written last: all that the load needs, one peer. */
class UdpTransport implements WeriftTransport {
  readonly type = 'udp';
  readonly closed = false;
  readonly #socket: dgram.Socket;
  #peer = { port: 0, address: '' };
  onData: (datagram: Buffer) => void = () => {};

  constructor(socket: dgram.Socket) {
    this.#socket = socket;
    socket.on('message', (datagram, peer) => {
      this.#peer = peer;
      this.onData(datagram);
    });
  }

  get address() {
    return this.#socket.address();
  }

  async send(datagram: Buffer): Promise<void> {
    this.#socket.send(datagram, this.#peer.port, this.#peer.address);
  }

  async close(): Promise<void> {}
}

export async function serveWerift(tell: (reply: ServerReply) => void): Promise<void> {
  const { DtlsServer, HashAlgorithm, SignatureAlgorithm } = loadWeriftDtls();
  // After it: it brings the whole of reflect-metadata, of which the certificates have enough with four functions.
  const { createSelfSigned } = await import('../../../test/support/certificates.js');
  const { cert, key } = await createSelfSigned({ name: 'localhost', dnsNames: ['localhost'] });
  const socket = dgram.createSocket({ type: 'udp4', recvBufferSize: RECEIVE_BUFFER_BYTES });
  const server = new DtlsServer({
    transport: new UdpTransport(socket),
    cert,
    key,
    signatureHash: { hash: HashAlgorithm.sha256_4, signature: SignatureAlgorithm.ecdsa_3 },
  });
  server.onData.subscribe((message) => void server.send(message));
  socket.bind(0, '127.0.0.1', () => tell({ port: socket.address().port }));
}
