#!/usr/bin/env python3
"""A real Qt as the other side of a test: QDtls and QDtlsClientVerifier of Qt 5, as PySide2 brings them.

Acts as Qt's secure UDP examples do, with a pre-shared key or with certificates. Prints one line for each thing that
happens; takes `send TEXT` and `shutdown` as lines on standard input, and ends where that ends.
"""

import argparse
import ctypes
import os
import sys

import shiboken2
from PySide2.QtCore import QByteArray, QCoreApplication, QSocketNotifier
from PySide2.QtNetwork import (
    QDtls,
    QDtlsError,
    QHostAddress,
    QSsl,
    QSslCertificate,
    QSslConfiguration,
    QSslKey,
    QSslSocket,
    QUdpSocket,
)


def report(text):
    print(text, flush=True)


def text_of(data):
    return bytes(data).decode('utf-8', 'backslashreplace')


def contents(path):
    with open(path, 'rb') as file:
        return QByteArray(file.read())


def private_key(path):
    pem = contents(path)
    for algorithm in (QSsl.Ec, QSsl.Rsa):
        key = QSslKey(pem, algorithm)
        if not key.isNull():
            return key
    sys.exit(f'{path} holds no private key that Qt can read')


def configuration(options):
    """Qt's default for DTLS with what the options ask for; as in the examples nothing is verified without --ca."""
    result = QSslConfiguration.defaultDtlsConfiguration()
    result.setPeerVerifyMode(QSslSocket.VerifyNone)
    if options.hint:
        result.setPreSharedKeyIdentityHint(QByteArray(options.hint.encode()))
    if options.ca:
        result.setCaCertificates(QSslCertificate.fromData(contents(options.ca)))
        result.setPeerVerifyMode(QSslSocket.VerifyPeer)
    if options.cert:
        result.setLocalCertificateChain(QSslCertificate.fromData(contents(options.cert)))
        result.setPrivateKey(private_key(options.key))
    return result


class ClientVerifier:
    """QDtlsClientVerifier, which PySide2 leaves out, by its exported symbols."""

    OBJECT_BYTES = 64

    def __init__(self):
        library = ctypes.CDLL('libQt5Network.so.5')
        self._object = ctypes.create_string_buffer(self.OBJECT_BYTES)
        construct = library._ZN19QDtlsClientVerifierC1EP7QObject
        construct.argtypes = [ctypes.c_void_p, ctypes.c_void_p]
        construct.restype = None
        construct(self._object, None)
        self._verify = library._ZN19QDtlsClientVerifier12verifyClientEP10QUdpSocketRK10QByteArrayRK12QHostAddresst
        self._verify.argtypes = [ctypes.c_void_p] * 4 + [ctypes.c_uint16]
        self._verify.restype = ctypes.c_bool

    def verify_client(self, socket, datagram, address, port):
        pointers = [shiboken2.getCppPointer(thing)[0] for thing in (socket, datagram, address)]
        return self._verify(self._object, *pointers, port)


class Session:
    """One QDtls on a socket: the same on both sides once it has begun."""

    def __init__(self, mode, socket, address, port, options):
        self.socket = socket
        self.options = options
        self.dtls = QDtls(mode)
        self.dtls.setPeer(address, port, options.name)
        self.dtls.setDtlsConfiguration(configuration(options))
        self.dtls.pskRequired.connect(self.answer_psk)
        self.dtls.handshakeTimeout.connect(self.retransmit)

    def answer_psk(self, authenticator):
        if self.dtls.sslMode() == QSslSocket.SslClientMode:
            report(f'hint: {text_of(authenticator.identityHint())}')
            authenticator.setIdentity(QByteArray(self.options.identity.encode()))
        else:
            report(f'identity: {text_of(authenticator.identity())}')
        authenticator.setPreSharedKey(QByteArray(bytes.fromhex(self.options.psk)))

    def retransmit(self):
        report('handshake timeout')
        self.dtls.handleTimeout(self.socket)

    def shake_hands(self, datagram=QByteArray()):
        if not self.dtls.doHandshake(self.socket, datagram):
            self.report_error()
            for error in self.dtls.peerVerificationErrors():
                report(f'verification error: {error.errorString()}')
        elif self.dtls.isConnectionEncrypted():
            protocol = str(self.dtls.sessionProtocol()).split('.')[-1]
            report(f'encrypted: {self.dtls.sessionCipher().name()} {protocol}')
        return self.dtls.isConnectionEncrypted()

    def receive(self, datagram):
        """The message of a datagram, or None while there is none."""
        if not self.dtls.isConnectionEncrypted():
            self.shake_hands(datagram)
            return None
        message = self.dtls.decryptDatagram(self.socket, datagram)
        if not message.isEmpty():
            report(f'message: {text_of(message)}')
            return message
        if self.dtls.dtlsError() == QDtlsError.RemoteClosedConnectionError:
            report('shutdown alert received')
        elif self.dtls.dtlsError() != QDtlsError.NoError:
            self.report_error()
        return None

    def send(self, text):
        if self.dtls.writeDatagramEncrypted(self.socket, QByteArray(text.encode())) <= 0:
            self.report_error()

    def shutdown(self):
        if self.dtls.isConnectionEncrypted() and self.dtls.shutdown(self.socket):
            report('shut down')

    def report_error(self):
        report(f'error: {self.dtls.dtlsErrorString()}')


class Client:
    def __init__(self, options):
        self.socket = QUdpSocket()
        self.session = Session(
            QSslSocket.SslClientMode, self.socket, QHostAddress(options.host), options.port, options
        )
        self.socket.readyRead.connect(self.read)
        self.socket.connected.connect(self.session.shake_hands)
        self.socket.connectToHost(QHostAddress(options.host), options.port)

    def read(self):
        while self.socket.hasPendingDatagrams():
            self.session.receive(self.socket.receiveDatagram().data())

    def sessions(self):
        return [self.session]


class Server:
    """Verifies each client by a cookie first and answers each message with an ACK, as Qt's example does."""

    def __init__(self, options):
        self.options = options
        self.verifier = ClientVerifier()
        self.clients = {}
        self.socket = QUdpSocket()
        self.socket.readyRead.connect(self.read)
        if not self.socket.bind(QHostAddress(options.host), options.port):
            sys.exit(f'cannot bind: {self.socket.errorString()}')
        report(f'listening: {self.socket.localPort()}')

    def read(self):
        while self.socket.hasPendingDatagrams():
            datagram = self.socket.receiveDatagram()
            peer = (datagram.senderAddress(), datagram.senderPort())
            self.receive(f'({peer[0].toString()}:{peer[1]})', peer, datagram.data())

    def receive(self, name, peer, datagram):
        session = self.clients.get(name)
        if session is None:
            self.greet(name, peer, datagram)
        elif session.receive(datagram) is not None:
            session.send(f'to {name}: ACK')

    def greet(self, name, peer, datagram):
        if not self.verifier.verify_client(self.socket, datagram, *peer):
            report('not verified yet')
            return
        report('verified')
        session = Session(QSslSocket.SslServerMode, self.socket, *peer, self.options)
        self.clients[name] = session
        session.shake_hands(datagram)

    def sessions(self):
        return list(self.clients.values())


class Commands:
    """What the test asks for, from standard input."""

    def __init__(self, peer):
        self.peer = peer
        self.pending = b''
        self.notifier = QSocketNotifier(0, QSocketNotifier.Read)
        self.notifier.activated.connect(self.read)

    def read(self, *_):
        arrived = os.read(0, 65536)
        if arrived == b'':
            self.notifier.setEnabled(False)
            QCoreApplication.quit()
            return
        *lines, self.pending = (self.pending + arrived).split(b'\n')
        for line in lines:
            self.obey(line.decode())

    def obey(self, line):
        command, _, argument = line.partition(' ')
        for session in self.peer.sessions():
            if command == 'send':
                session.send(argument)
            elif command == 'shutdown':
                session.shutdown()


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('role', choices=['client', 'server'])
    parser.add_argument('--host', default='127.0.0.1')
    parser.add_argument('--port', type=int, default=0)
    parser.add_argument('--psk', default='', help='hexadecimal digits')
    parser.add_argument('--identity', default='', help='of a client')
    parser.add_argument('--hint', default='', help='of a server')
    parser.add_argument('--ca', help='PEM; asks the other side for a certificate and verifies it')
    parser.add_argument('--name', default='', help="that the other side's certificate must bear")
    parser.add_argument('--cert', help='PEM, own certificate chain')
    parser.add_argument('--key', help='PEM')
    return parser.parse_args()


def main():
    options = parse_arguments()
    application = QCoreApplication(sys.argv[:1])
    peer = Client(options) if options.role == 'client' else Server(options)
    commands = Commands(peer)
    application.exec_()
    del commands, peer


main()
