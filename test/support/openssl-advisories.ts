/** Which OpenSSL is known to have which weakness in its DTLS, by the releases that fixed it (OpenSSL's advisories). */

export type Advisory = 'CVE-2026-54874' | 'CVE-2026-75806' | 'CVE-2026-84782' | 'CVE-2026-95690';

/** For each line of releases the first patch release with the fix. */
const fixedIn: Readonly<Record<Advisory, Readonly<Record<string, number>>>> = {
  'CVE-2026-54874': { '3.0': 22, '3.5': 8, '3.6': 4 },
  'CVE-2026-75806': { '3.0': 23, '3.5': 9, '3.6': 5 },
  'CVE-2026-84782': { '3.0': 23, '3.5': 9, '3.6': 5 },
  'CVE-2026-95690': { '3.0': 24, '3.5': 10 },
};

/** Undefined when the version does not tell: distributions fix without a new one. */
export function isAffected(advisory: Advisory): boolean | undefined {
  const { variables } = process.config as { readonly variables: Readonly<Record<string, unknown>> };
  if (variables['node_shared_openssl'] === true) return undefined;
  const [major = 0, minor = 0, patch = 0] = process.versions.openssl
    .split('.')
    .map((part) => Number.parseInt(part, 10));
  const fixed = fixedIn[advisory][`${major}.${minor}`];
  return fixed === undefined || patch < fixed;
}
