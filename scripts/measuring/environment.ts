/** On what something was measured. */
import os from 'node:os';

export interface Environment {
  readonly node: string;
  readonly openssl: string | undefined;
  readonly cpu: string;
  readonly cores: number;
  readonly memoryGib: number;
  readonly kernel: string;
}

export function environment(): Environment {
  return {
    node: process.version,
    openssl: process.versions.openssl,
    cpu: os.cpus()[0]?.model ?? 'unknown',
    cores: os.cpus().length,
    memoryGib: os.totalmem() / 2 ** 30,
    kernel: `${os.type()} ${os.release()}`,
  };
}

/** In one line. */
export function environmentText({ node, openssl, cpu, cores, memoryGib, kernel }: Environment): string {
  return `Node.js ${node}, OpenSSL ${openssl}, ${cpu}, ${cores} cores, ${memoryGib.toFixed(0)} GiB, ${kernel}`;
}
