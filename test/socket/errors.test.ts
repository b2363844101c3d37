import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { addon, loadAddon } from '../../lib/addon.js';
import { alertName } from '../../lib/alerts.js';
import { errorTexts } from '../../lib/error-texts.js';
import {
  connect,
  DtlsError,
  DtlsHandshakeError,
  DtlsOptionsError,
  DtlsStateError,
  DtlsTransportError,
} from '../../lib/index.js';
import { contextError, failureError } from '../../lib/native-errors.js';

const root = join(__dirname, '..', '..', '..');

test('every code has a heading in docs/errors.md, and every heading there is a code', () => {
  const document = readFileSync(join(root, 'docs', 'errors.md'), 'utf8');
  const headings = [...document.matchAll(/^## (ERR_DTLS_\w+)$/gm)].map(([, code]) => code);
  assert.deepEqual(headings.toSorted(), Object.keys(errorTexts).toSorted());
});

test('an error is recognised across copies of the library and is of the class of who must act', () => {
  const caught = (() => {
    try {
      return connect({ port: 0 });
    } catch (error) {
      return error;
    }
  })();
  assert.ok(caught instanceof DtlsOptionsError && caught instanceof DtlsError && caught instanceof Error);
  assert.equal(caught.name, 'DtlsOptionsError');
  assert.ok(DtlsError.isDtlsError(caught));
  assert.equal(DtlsError.isDtlsError(new Error('ERR_DTLS_CLOSED')), false);
  assert.equal(DtlsError.isDtlsError(null), false);
  assert.match(String(caught.stack), /^DtlsOptionsError: The option `port`/);
});

test('each class carries its fields', () => {
  const cause = new Error('why');
  const state = new DtlsStateError('ERR_DTLS_CLOSED', { peer: 'x' }, cause);
  assert.equal(state.cause, cause);
  const handshake = new DtlsHandshakeError('ERR_DTLS_HANDSHAKE_FAILED', 'text', { alert: 48, elapsedMs: 7 });
  assert.equal(handshake.alertName, 'unknown_ca');
  assert.equal(handshake.elapsedMs, 7);
  assert.deepEqual(handshake.opensslErrors, []);
  assert.equal('cause' in handshake, false);
  assert.equal(new DtlsTransportError('ERR_DTLS_TRANSPORT_CLOSED').code, 'ERR_DTLS_TRANSPORT_CLOSED');
  assert.equal(alertName(40), 'handshake_failure');
  assert.equal(alertName(200), 'alert_200');
});

test('without a binary the typed error says what to run', () => {
  assert.throws(
    () => loadAddon('/nowhere', ''),
    (error: DtlsError) => {
      assert.equal(error.code, 'ERR_DTLS_ADDON_MISSING');
      assert.match(error.message, /npm rebuild native-dtls/);
      assert.match(error.message, /\/nowhere\/build\/Release\/native_dtls\.node/);
      return DtlsError.isDtlsError(error);
    },
  );
});

test('on a Node whose Node-API is too old the typed error says what was found and what is needed', () => {
  for (const found of ['8', undefined]) {
    assert.throws(
      () => loadAddon('/nowhere', '', { napi: found, version: 'v20.2.0' }),
      (error: DtlsError) => {
        assert.equal(error.code, 'ERR_DTLS_NODE_TOO_OLD');
        assert.match(error.message, new RegExp(`v20\\.2\\.0 has Node-API ${found ?? 'none'}\\b`));
        assert.match(error.message, /Node-API 9\b.*Node\.js 20\.3/);
        return DtlsError.isDtlsError(error);
      },
    );
  }
  const newer = { napi: '10', version: 'v24.0.0' };
  assert.throws(() => loadAddon('/nowhere', '', newer), { code: 'ERR_DTLS_ADDON_MISSING' });
});

test('package.json asks for the first Node that the addon loads into', () => {
  const { engines } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  assert.deepEqual(engines, { node: '>=20.3' });
});

test('a developers’ build is named by its kind, and by nothing that is no kind', () => {
  assert.throws(
    () => loadAddon('/nowhere', 'asan'),
    /\/nowhere\/build-dev\/asan\/Release\/native_dtls\.node/,
  );
  assert.throws(() => loadAddon('/nowhere', '../../etc'), /\/nowhere\/build\/Release\/native_dtls\.node/);
});

test('every kind of failure of the addon has a text without holes', () => {
  const failure = {
    alert: 40,
    elapsedMs: 12,
    opensslErrors: ['error:0A0000C1:SSL routines:function:no shared cipher'],
    wrongKeyLikely: false,
    verifyError: '',
    address: '192.0.2.1',
    port: 5684,
    family: 'IPv4',
  } as const;
  for (const kind of Object.keys(addon.errorKinds) as (keyof typeof addon.errorKinds)[]) {
    for (const role of ['client', 'server'] as const) {
      const context = { role, established: false, handshakeTimeoutMs: 1000, pskIdentity: 'alice' };
      const error = failureError(kind, failure, context);
      assert.ok(error.code in errorTexts, kind);
      if (kind === 'internal') assert.equal(error.code, 'ERR_DTLS_INTERNAL');
      const ofContexts = /certificateUnreadable|key|authority|cipher|certificateRefused/.test(kind);
      if (!ofContexts) assert.doesNotMatch(error.message, /\{\w+\}/, kind);
    }
  }
});

test('every failure of a context names its option and has a text without holes', () => {
  const kinds = [
    'certificateUnreadable',
    'keyUnreadable',
    'keyPassphraseWrong',
    'keyMismatch',
    'authorityUnreadable',
    'cipherUnknown',
    'cipherNotSupported',
  ] as const;
  for (const kind of kinds) {
    const native = Object.assign(new Error('native'), {
      kind: addon.errorKinds[kind],
      subject: 'AES128-SHA',
      opensslErrors: [],
    });
    const error = contextError(native, 'AES128-SHA');
    assert.ok(error instanceof DtlsOptionsError, kind);
    assert.doesNotMatch(error.message, /\{\w+\}/, kind);
    assert.equal(error.cause, native);
  }
});
