/** What the benchmark makes of an earlier run: tables and pictures, without measuring. */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { impossibility, suiteOf } from '../../scripts/bench/contestants/traits.js';
import type { EchoFigures } from '../../scripts/bench/echo.js';
import { plots } from '../../scripts/bench/plots.js';
import type { Contestant } from '../../scripts/bench/protocol.js';
import type { Report } from '../../scripts/bench/report.js';
import type { Spread } from '../../scripts/bench/spread.js';
import { temporaryFolder } from '../support/temporary-folder.js';
import { Program } from './program.js';

function about(median: number): Spread {
  return { median, least: 0.9 * median, most: 1.2 * median };
}

const busy = { serverBusy: about(0.5), loadBusy: about(0.4) };

function figures(contestant: Contestant, perSecond: number): EchoFigures {
  return {
    contestant,
    perSecond: about(perSecond),
    serverCpuUs: about(1e6 / perSecond),
    ...busy,
    p50Us: about(11),
    p99Us: about(22),
    p999Us: about(333),
    answered: 1000,
    lost: 0,
    late: 0,
    toPlain: null,
    toRaw: null,
    toPlainByCpu: null,
  };
}

const REPORT: Report = {
  node: 'v20.1.2',
  openssl: '3.0.9',
  cpu: 'A <quick> & cheap CPU',
  cores: 3,
  memoryGib: 24,
  kernel: 'Linux 6.6',
  rounds: 3,
  roundMs: 400,
  warmUpMs: 400,
  absent: [{ contestant: 'mbedtls', reason: 'not installed (npm install --no-save node-mbedtls-server)' }],
  echo: [
    {
      peers: 1,
      window: 64,
      bytes: 100,
      loadAverage: 1,
      contestants: [figures('plain', 50_000), figures('native', 200_000), figures('werift', 25_000)],
      impossible: [],
    },
    {
      peers: 100,
      window: 8,
      bytes: 1200,
      loadAverage: 1,
      contestants: [figures('plain', 40_000), figures('native', 100_000)],
      impossible: [{ contestant: 'werift', reason: 'one association a transport' }],
    },
  ],
  bulk: null,
  memory: null,
  growth: null,
  handshakes: [
    {
      kind: 'ecdsa',
      roundMs: 200,
      loadAverage: 1,
      contestants: [
        {
          contestant: 'native',
          perSecond: about(600),
          serverCpuUs: about(280),
          ...busy,
          limitedBy: 'neither',
          failed: 0,
          retransmissions: 0,
          toRaw: null,
          toRawByCpu: null,
        },
      ],
    },
  ],
};

/** Throws when an element is not closed where it must be, or something is not escaped. */
function checkWellFormed(svg: string): void {
  const open: string[] = [];
  for (const [, markup = ''] of svg.matchAll(/<([^>]*)>/g)) {
    const [name = ''] = /^[/?!]?[\w:-]+/.exec(markup) ?? [];
    if (name.startsWith('/')) assert.equal(open.pop(), name.slice(1), svg);
    else if (!markup.endsWith('/') && /^\w/.test(name)) open.push(name);
  }
  assert.deepEqual(open, []);
  const text = svg.replaceAll(/<[^>]*>/g, '');
  assert.doesNotMatch(text, /[<>]|&(?!amp;|lt;|gt;|quot;|#\d+;)/);
}

/** Heights of the bars of a colour, in pixels, by case. */
function heightsOf(svg: string, color: string): number[] {
  const bars = svg.matchAll(/<path d="M[\d.]+ [\d.]+l[\d.]+ 0l0 -([\d.]+)l-[\d.]+ 0Z" fill="(#\w+)"/g);
  return [...bars].filter(([, , fill]) => fill === color).map(([, height]) => Number(height));
}

/** The library numbers its style classes through a process. */
function withoutClasses(svg: string | undefined): string {
  return (svg ?? '').replaceAll(/zr\d+-cls-\d+/g, '');
}

test('The pictures say what they show, of what, and on what it was measured', () => {
  const drawn = plots(REPORT);
  assert.deepEqual([...drawn.keys()], ['echoes.svg', 'server-cpu.svg', 'handshakes.svg']);
  const labels = {
    'echoes.svg': [
      '3 rounds of 400 ms',
      'Echoes a second',
      'messages/s',
      '1 × 64',
      '100 × 8',
      '1200 B',
      'node:dgram, plaintext',
    ],
    'server-cpu.svg': ['CPU time of the server', 'µs', 'native-dtls, native', 'werift-dtls'],
    'handshakes.svg': [
      '3 rounds of 200 ms',
      'Handshakes a second',
      'handshakes/s',
      'ECDSA certificate',
      'native-dtls, native',
    ],
  };
  for (const [name, svg] of drawn) {
    checkWellFormed(svg);
    assert.match(svg, /^<svg [^>]*viewBox=/);
    for (const label of [...labels[name as keyof typeof labels], 'Node.js v20.1.2']) {
      assert.ok(svg.includes(label), `${name}: ${label}`);
    }
    assert.ok(svg.includes('A &lt;quick&gt; &amp; cheap CPU'), name);
  }
  const echoes = drawn.get('echoes.svg') ?? '';
  assert.ok(echoes.includes('werift-dtls: ECDHE-ECDSA-AES128-GCM-SHA256'));
  assert.ok(echoes.includes('no bar: werift-dtls, not possible (one association a transport)'));
  assert.ok(!echoes.includes('node-mbedtls-server'));
});

test('Bars are as high as their figures, and whoever was not measured has none', () => {
  const echoes = plots(REPORT).get('echoes.svg') ?? '';
  const [first = 0, second = 0, ...others] = heightsOf(echoes, '#0072b2');
  assert.deepEqual(others, []);
  assert.ok(Math.abs(first / second - 2) < 0.01, `${first} / ${second}`);
  const [werift = 0, ...none] = heightsOf(echoes, '#009e73');
  assert.deepEqual(none, []);
  assert.ok(Math.abs(first / werift - 8) < 0.2, `${first} / ${werift}`);
});

test('What was not measured has no picture', () => {
  assert.deepEqual([...plots({ ...REPORT, handshakes: [] }).keys()], ['echoes.svg', 'server-cpu.svg']);
  assert.deepEqual([...plots({ ...REPORT, echo: [] }).keys()], ['handshakes.svg']);
});

test('An earlier run is printed and drawn again', async (t) => {
  const folder = temporaryFolder(t);
  const file = path.join(folder, 'report.json');
  const pictures = path.join(folder, 'a', 'b');
  writeFileSync(file, JSON.stringify(REPORT));
  const { code, stdout, stderr } = await new Program(t, 'bench', ['--from', file, '--plots', pictures]).ended;
  assert.equal(code, 0, stderr);
  assert.match(stdout, /^Node\.js v20\.1\.2, OpenSSL 3\.0\.9, A <quick> & cheap CPU, 3 cores/m);
  assert.match(stdout, /^werift-dtls: by ECDHE-ECDSA-AES128-GCM-SHA256$/m);
  assert.match(stdout, /^node-mbedtls-server: skipped, not installed \(npm install --no-save .*\)$/m);
  assert.match(stdout, /p50 µs +p99 µs +p99\.9 µs/);
  assert.match(stdout, /^native-dtls, native +200000 +180000 to 240000 .* 11 +22 +333 /m);
  assert.match(stdout, /^werift-dtls +not possible: one association a transport$/m);
  assert.match(stdout, /^native-dtls, native +600 /m);
  assert.deepEqual(readdirSync(pictures).toSorted(), ['echoes.svg', 'handshakes.svg', 'server-cpu.svg']);
  const written = readFileSync(path.join(pictures, 'echoes.svg'), 'utf8');
  assert.equal(withoutClasses(written), withoutClasses(plots(REPORT).get('echoes.svg')));
});

test('A file that is no earlier run is refused by name', async (t) => {
  const file = path.join(temporaryFolder(t), 'other.json');
  for (const text of ['{"echo": 1}', 'null', 'no JSON']) {
    writeFileSync(file, text);
    const { code, stdout, stderr } = await new Program(t, 'bench', ['--from', file]).ended;
    assert.deepEqual([code, stdout], [2, '']);
    assert.match(stderr, /^--from: .*other\.json was not written by --json$/m);
  }
  const missing = await new Program(t, 'bench', ['--from', `${file}.not`]).ended;
  assert.equal(missing.code, 2);
  assert.match(missing.stderr, /^--from: ENOENT/);
});

test('A contestant that serves one peer is not asked to serve more', () => {
  assert.equal(impossibility('werift', 1), undefined);
  assert.equal(impossibility('werift', 2), 'one association a transport');
  assert.equal(impossibility('tls', 10_000), undefined);
  assert.equal(suiteOf('plain'), undefined);
  assert.equal(suiteOf('tls'), suiteOf('native'));
});
