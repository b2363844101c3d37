/** The credentials of measured handshakes: PEM files in a folder, as servers and native loads read them. */
import { readFileSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import type { Authority, Identity } from '../../test/support/certificates.js';

/** Made by this run, and gone with it. */
export class Credentials {
  readonly folder: string;

  private constructor(folder: string) {
    this.folder = folder;
  }

  static async make(): Promise<Credentials> {
    // Here, because servers that only read have no use for it.
    const { createAuthority } = await import('../../test/support/certificates.js');
    const credentials = new Credentials(await mkdtemp(path.join(os.tmpdir(), 'native-dtls-bench-')));
    const [ours, other] = [await createAuthority('Bench'), await createAuthority('Somebody Else')];
    await credentials.#write('ca', ours);
    await credentials.#write('server', await ours.issue({ name: 'server', usage: 'server' }));
    await credentials.#write('client', await ours.issue({ name: 'client', usage: 'client' }));
    await credentials.#write('stranger', await other.issue({ name: 'client', usage: 'client' }));
    return credentials;
  }

  async remove(): Promise<void> {
    await rm(this.folder, { recursive: true });
  }

  async #write(name: string, { cert, key }: Identity | Authority): Promise<void> {
    await writeFile(path.join(this.folder, `${name}.pem`), cert);
    await writeFile(path.join(this.folder, `${name}.key`), key);
  }
}

/** Of a server; `ca` is for one that asks its clients for certificates. */
export function readCredentials(folder: string): Readonly<Record<'cert' | 'key' | 'ca', Buffer>> {
  const read = (name: string): Buffer => readFileSync(path.join(folder, name));
  return { cert: read('server.pem'), key: read('server.key'), ca: read('ca.pem') };
}
