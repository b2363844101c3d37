/** What the example programs print: colours, JSON lines, and nothing of a peer that could act on a terminal. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ConsoleOutput } from '../../scripts/example/console-output.js';
import { escapeJson, escapeText } from '../../scripts/example/escape-text.js';
import { chooseColors, READABLE_BLUE } from '../../scripts/example/terminal-colors.js';

const TERMINAL = { isTTY: true };
const PIPE = {};

/** Collects what is written. */
class Sink {
  readonly isTTY: boolean;
  text = '';

  constructor(isTTY = false) {
    this.isTTY = isTTY;
  }

  write(text: string): void {
    this.text += text;
  }
}

test('Errors are Crimson, warnings DarkOrange and responses DarkMagenta on a terminal', () => {
  const paint = chooseColors(TERMINAL, {});
  assert.equal(paint('error', 'e'), '\x1b[38;2;220;20;60me\x1b[39m');
  assert.equal(paint('warning', 'w'), '\x1b[38;2;255;140;0mw\x1b[39m');
  assert.equal(paint('response', 'r'), '\x1b[38;2;139;0;139mr\x1b[39m');
});

test('Infos are DarkBlue where the terminal says that it is light, and the readable blue anywhere else', () => {
  const blue = `\x1b[38;2;${READABLE_BLUE.join(';')}mi\x1b[39m`;
  const darkBlue = '\x1b[38;2;0;0;139mi\x1b[39m';
  const infos = (COLORFGBG?: string) => chooseColors(TERMINAL, { COLORFGBG })('info', 'i');
  assert.equal(infos('0;15'), darkBlue);
  assert.equal(infos('0;7'), darkBlue);
  assert.equal(infos('0;default;15'), darkBlue);
  for (const dark of [undefined, '', '15;0', '15;8', '7;4', 'default;default', '15;default;0']) {
    assert.equal(infos(dark), blue, `COLORFGBG=${dark}`);
  }
});

test('The readable blue has a contrast of at least 4.5 to 1 against black and against white', () => {
  const linear = READABLE_BLUE.map((value) => value / 255).map((part) =>
    part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4,
  );
  const [red = 0, green = 0, blue = 0] = linear;
  const luminance = 0.2126 * red + 0.7152 * green + 0.0722 * blue;
  assert.ok((luminance + 0.05) / 0.05 >= 4.5, 'against black');
  assert.ok(1.05 / (luminance + 0.05) >= 4.5, 'against white');
});

test('There are colours on a terminal only, unless NO_COLOR takes them or FORCE_COLOR decides', () => {
  const colored = (stream: object, environment: Record<string, string>): boolean =>
    chooseColors(stream, environment)('info', 'x') !== 'x';
  assert.equal(colored(TERMINAL, {}), true);
  assert.equal(colored(PIPE, {}), false);
  assert.equal(colored(TERMINAL, { TERM: 'dumb' }), false);
  assert.equal(colored(TERMINAL, { NO_COLOR: '1' }), false);
  assert.equal(colored(TERMINAL, { NO_COLOR: '' }), true);
  for (const on of ['', '1', '2', '3', 'true']) {
    assert.equal(colored(PIPE, { FORCE_COLOR: on, NO_COLOR: '1' }), true, `FORCE_COLOR=${on}`);
  }
  for (const off of ['0', 'false', 'no']) {
    assert.equal(colored(TERMINAL, { FORCE_COLOR: off }), false, `FORCE_COLOR=${off}`);
  }
});

test('Controls, direction marks, line separators and lone surrogates are written out, all else stays', () => {
  assert.equal(escapeText('Grüße, 世界 😀 <b>%2\\'), 'Grüße, 世界 😀 <b>%2\\');
  assert.equal(escapeText('a\nb\rc\td'), 'a\\nb\\rc\\td');
  assert.equal(escapeText('\x1b[2J\x07\x00\x7f\x9b31m'), '\\x1b[2J\\x07\\x00\\x7f\\x9b31m');
  assert.equal(escapeText('\u202etxt.exe\u2069\u2028\ud800'), '\\u{202e}txt.exe\\u{2069}\\u{2028}\\u{d800}');
});

test('JSON lines are free of the same characters and parse back to the same value', () => {
  const value = { text: 'a\n\x1b[2J\x9b\x7f\u202e\u2028\u{e0001} 😀' };
  const line = escapeJson(value);
  assert.doesNotMatch(line, /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u);
  assert.deepEqual(JSON.parse(line), value);
});

test('A response shows its heading, the ciphertext as hex with blanks and the plaintext, each line in its colour', () => {
  const sink = new Sink(true);
  new ConsoleOutput({ stream: sink, environment: {} }).response({
    name: 'Bob',
    heading: ['Bob received a DTLS datagram:'],
    datagram: Buffer.from([0x17, 0xfe, 0xfd, 0x00]),
    plainText: Buffer.from('evil \x1b]0;title\x07\nsecond line'),
  });
  const lines = [
    '---------------',
    'Bob received a DTLS datagram:',
    ' 17 fe fd 00',
    'As plain text:',
    ' evil \\x1b]0;title\\x07\\nsecond line',
  ];
  assert.equal(sink.text, lines.map((line) => `\x1b[38;2;139;0;139m${line}\x1b[39m\n`).join(''));
});

test('With json every message is one object a line with the same six keys', () => {
  const sink = new Sink(true);
  const output = new ConsoleOutput({ json: true, stream: sink, environment: {} });
  output.error('e', 'Bob');
  output.warning('w');
  output.info('i\n\x1b');
  const plainText = Buffer.from('ü\x1b[1m');
  output.response({ name: 'Bob', heading: ['h', 'more'], datagram: Buffer.from('17fe', 'hex'), plainText });
  const objects = sink.text
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as Record<string, unknown>);
  const untimed = objects.map(({ time, ...rest }) => {
    assert.ok(typeof time === 'string' && new Date(time).toISOString() === time);
    return rest;
  });
  const nothing = { datagram: null, plainText: null };
  assert.deepEqual(untimed, [
    { level: 'error', name: 'Bob', text: 'e', ...nothing },
    { level: 'warning', name: null, text: 'w', ...nothing },
    { level: 'info', name: null, text: 'i\n\x1b', ...nothing },
    { level: 'response', name: 'Bob', text: 'h', datagram: '17fe', plainText: 'ü\x1b[1m' },
  ]);
  assert.ok(!sink.text.includes('\x1b'));
});
