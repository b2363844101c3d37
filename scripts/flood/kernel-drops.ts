/** What the kernel has dropped at a socket because nobody took it in time. */
import { readFileSync } from 'node:fs';

const TABLE = '/proc/net/udp';
const LOCAL_ADDRESS_COLUMN = 1;

/** Of the IPv4 socket that is bound to a port; null where the system does not say. */
export function kernelDrops(port: number): number | null {
  let table: string;
  try {
    table = readFileSync(TABLE, 'latin1');
  } catch {
    return null;
  }
  const suffix = `:${port.toString(16).toUpperCase().padStart(4, '0')}`;
  for (const line of table.split('\n')) {
    const columns = line.trim().split(/\s+/);
    if (columns[LOCAL_ADDRESS_COLUMN]?.endsWith(suffix)) return Number(columns.at(-1));
  }
  return null;
}
