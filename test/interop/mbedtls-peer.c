/*
 * A DTLS 1.2 client or server on mbedTLS 3.6, with Connection IDs (RFC 9146), for tests.
 *
 * usage: mbedtls-peer client|server [--option value]...   (the options are in the table below; IPv4 only)
 *
 * Prints a line for each event:
 *   listening PORT          server: a client may come
 *   handshake SUITE         complete on this side
 *   cid own=HEX peer=HEX    both sides use Connection IDs; either may be empty
 *   cid none                at least one side does not, or neither side wants one in what it receives
 *   received MESSAGE
 *   peer at PORT            server: the first message that verified from another port; it is answered there
 *   moved to PORT           client: by the command /move
 *   closed here             at the end of standard input, with a close_notify
 *   closed by peer          its close_notify has arrived
 * A line of standard input is sent, newline included, once the handshake is complete; "/move" makes a client
 * go on from a new local port. With --echo each message goes back as well. Ends with 1, and says why, when
 * something fails.
 */

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <mbedtls/ctr_drbg.h>
#include <mbedtls/entropy.h>
#include <mbedtls/error.h>
#include <mbedtls/pk.h>
#include <mbedtls/ssl.h>
#include <mbedtls/ssl_ciphersuites.h>
#include <mbedtls/ssl_cookie.h>
#include <mbedtls/x509_crt.h>
#include <psa/crypto.h>

enum { MOST_BYTES = 16384, MOST_CID = MBEDTLS_SSL_CID_IN_LEN_MAX, MOST_PSK = 64 };

struct options {
  bool server;
  bool echo;
  const char* host;
  const char* port;
  const char* psk;
  const char* identity;
  const char* suite;
  const char* cid;
  const char* mtu;
  const char* timeout;
  const char* ca;
  const char* cert;
  const char* key;
  const char* name;
};

struct timer {
  bool set;
  int64_t intermediate;
  int64_t final;
};

struct peer {
  struct options options;
  int fd;
  struct sockaddr_in remote; /* to whom datagrams go */
  struct sockaddr_in source; /* of the newest datagram */
  struct timer timer;
  char lines[MOST_BYTES];
  size_t lines_length;
  bool input_ended;
  mbedtls_entropy_context entropy;
  mbedtls_ctr_drbg_context random;
  mbedtls_ssl_config config;
  mbedtls_ssl_context ssl;
  mbedtls_ssl_cookie_ctx cookies;
  mbedtls_x509_crt authority;
  mbedtls_x509_crt certificate;
  mbedtls_pk_context private_key;
  int suites[2];
};

static void fail(const char* what) {
  printf("failed: %s\n", what);
  exit(1);
}

/* Ends the program when a call of mbedTLS has failed. */
static void check(int result, const char* what) {
  char reason[128];
  if (result >= 0) return;
  mbedtls_strerror(result, reason, sizeof reason);
  printf("failed: %s: -0x%04x %s\n", what, (unsigned)-result, reason);
  exit(1);
}

/* Arguments */

static size_t parse_hex(const char* text, uint8_t* bytes, size_t most) {
  size_t length = strlen(text) / 2;
  if (strlen(text) % 2 != 0 || length > most) fail("hexadecimal digits of the wrong length");
  for (size_t i = 0; i < length; i++) {
    unsigned value;
    if (sscanf(text + 2 * i, "%2x", &value) != 1) fail("digits that are not hexadecimal");
    bytes[i] = (uint8_t)value;
  }
  return length;
}

static void parse_arguments(struct options* options, int count, char** arguments) {
  const struct {
    const char* name;
    const char** value;
  } known[] = {
      {"--host", &options->host},   {"--port", &options->port}, /* 0: any */
      {"--psk", &options->psk},     {"--identity", &options->identity},
      {"--suite", &options->suite}, {"--cid", &options->cid},         /* own, hexadecimal or empty; or none */
      {"--mtu", &options->mtu},     {"--timeout", &options->timeout}, /* ms until a flight is sent again */
      {"--ca", &options->ca},       {"--cert", &options->cert},
      {"--key", &options->key},     {"--name", &options->name}, /* of the server, for a client */
  };
  if (count < 2) fail("the role is missing");
  options->server = strcmp(arguments[1], "server") == 0;
  if (!options->server && strcmp(arguments[1], "client") != 0) fail("the role is neither client nor server");
  for (int at = 2; at < count; at++) {
    size_t i = 0;
    if (strcmp(arguments[at], "--echo") == 0) {
      options->echo = true;
      continue;
    }
    while (i < sizeof known / sizeof known[0] && strcmp(known[i].name, arguments[at]) != 0) i++;
    if (i == sizeof known / sizeof known[0] || at + 1 == count) fail(arguments[at]);
    *known[i].value = arguments[++at];
  }
}

/* Time and datagrams, as mbedTLS asks for them */

static int64_t now_ms(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static void set_timer(void* context, uint32_t intermediate, uint32_t final) {
  struct timer* timer = context;
  timer->set = final != 0;
  timer->intermediate = now_ms() + intermediate;
  timer->final = now_ms() + final;
}

static int get_timer(void* context) {
  const struct timer* timer = context;
  if (!timer->set) return -1;
  if (now_ms() >= timer->final) return 2;
  return now_ms() >= timer->intermediate ? 1 : 0;
}

static int send_datagram(void* context, const unsigned char* bytes, size_t length) {
  const struct peer* peer = context;
  const struct sockaddr* to = (const struct sockaddr*)&peer->remote;
  ssize_t sent = sendto(peer->fd, bytes, length, 0, to, sizeof peer->remote);
  /* What the kernel does not take is lost, as on any network. */
  return sent < 0 ? (int)length : (int)sent;
}

static int receive_datagram(void* context, unsigned char* bytes, size_t most) {
  struct peer* peer = context;
  socklen_t size = sizeof peer->source;
  ssize_t length = recvfrom(peer->fd, bytes, most, 0, (struct sockaddr*)&peer->source, &size);
  return length <= 0 ? MBEDTLS_ERR_SSL_WANT_READ : (int)length;
}

static int own_port(const struct peer* peer) {
  struct sockaddr_in own;
  socklen_t size = sizeof own;
  if (getsockname(peer->fd, (struct sockaddr*)&own, &size) != 0) fail("getsockname");
  return ntohs(own.sin_port);
}

/* A bound socket that does not block; a client's own port is any. */
static void open_socket(struct peer* peer) {
  struct sockaddr_in own = peer->remote;
  if (!peer->options.server) own.sin_port = 0;
  peer->fd = socket(AF_INET, SOCK_DGRAM, 0);
  if (peer->fd < 0 || bind(peer->fd, (struct sockaddr*)&own, sizeof own) != 0) fail(strerror(errno));
  fcntl(peer->fd, F_SETFL, O_NONBLOCK);
}

/* Standard input is read at any time, so that its end is seen, and kept until it is wanted. */
static void read_input(struct peer* peer) {
  size_t space = sizeof peer->lines - peer->lines_length;
  ssize_t length = read(STDIN_FILENO, peer->lines + peer->lines_length, space);
  if (length > 0)
    peer->lines_length += (size_t)length;
  else
    peer->input_ended = true;
}

/* Waits for a datagram, for input or for mbedTLS's timer. */
static void wait_for_something(struct peer* peer) {
  struct pollfd events[2] = {{.fd = peer->fd, .events = POLLIN}, {.fd = STDIN_FILENO, .events = POLLIN}};
  int wait_ms = -1;
  if (peer->timer.set) {
    int64_t left = peer->timer.final - now_ms();
    wait_ms = left > 0 ? (int)left : 0;
  }
  if (poll(events, peer->input_ended ? 1 : 2, wait_ms) < 0 && errno != EINTR) fail(strerror(errno));
  if (!peer->input_ended && events[1].revents != 0) read_input(peer);
}

/* Set up */

static void configure_credentials(struct peer* peer) {
  const struct options* options = &peer->options;
  uint8_t key[MOST_PSK];
  if (options->psk != NULL) {
    size_t length = parse_hex(options->psk, key, sizeof key);
    const unsigned char* identity = (const unsigned char*)options->identity;
    check(mbedtls_ssl_conf_psk(&peer->config, key, length, identity, strlen(options->identity)), "key");
  }
  if (options->ca != NULL) {
    check(mbedtls_x509_crt_parse_file(&peer->authority, options->ca), "--ca");
    mbedtls_ssl_conf_ca_chain(&peer->config, &peer->authority, NULL);
    mbedtls_ssl_conf_authmode(&peer->config, MBEDTLS_SSL_VERIFY_REQUIRED);
  }
  if (options->cert != NULL && options->key != NULL) {
    int (*random)(void*, unsigned char*, size_t) = mbedtls_ctr_drbg_random;
    check(mbedtls_x509_crt_parse_file(&peer->certificate, options->cert), "--cert");
    check(mbedtls_pk_parse_keyfile(&peer->private_key, options->key, NULL, random, &peer->random), "--key");
    check(mbedtls_ssl_conf_own_cert(&peer->config, &peer->certificate, &peer->private_key), "certificate");
  }
}

static void configure(struct peer* peer) {
  const struct options* options = &peer->options;
  uint32_t first_ms = (uint32_t)atoi(options->timeout);
  int role = options->server ? MBEDTLS_SSL_IS_SERVER : MBEDTLS_SSL_IS_CLIENT;
  mbedtls_ssl_config* config = &peer->config;
  int result =
      mbedtls_ssl_config_defaults(config, role, MBEDTLS_SSL_TRANSPORT_DATAGRAM, MBEDTLS_SSL_PRESET_DEFAULT);
  check(result, "configuration");
  mbedtls_ssl_conf_rng(config, mbedtls_ctr_drbg_random, &peer->random);
  mbedtls_ssl_conf_handshake_timeout(config, first_ms, 16 * first_ms);
  if (options->suite != NULL) {
    peer->suites[0] = mbedtls_ssl_get_ciphersuite_id(options->suite);
    if (peer->suites[0] == 0) fail("mbedTLS does not know the suite");
    mbedtls_ssl_conf_ciphersuites(config, peer->suites);
  }
  configure_credentials(peer);
  if (options->server) {
    check(mbedtls_ssl_cookie_setup(&peer->cookies, mbedtls_ctr_drbg_random, &peer->random), "cookies");
    mbedtls_ssl_conf_dtls_cookies(config, mbedtls_ssl_cookie_write, mbedtls_ssl_cookie_check, &peer->cookies);
  }
}

/* The length of an endpoint's own Connection IDs belongs to the configuration, the Connection ID to the
 * association. */
static void set_up(struct peer* peer) {
  const struct options* options = &peer->options;
  uint8_t cid[MOST_CID];
  size_t cid_length = 0;
  bool with_cid = strcmp(options->cid, "none") != 0;
  if (with_cid) {
    cid_length = parse_hex(options->cid, cid, sizeof cid);
    check(mbedtls_ssl_conf_cid(&peer->config, cid_length, MBEDTLS_SSL_UNEXPECTED_CID_IGNORE), "--cid");
  }
  check(mbedtls_ssl_setup(&peer->ssl, &peer->config), "association");
  if (with_cid) check(mbedtls_ssl_set_cid(&peer->ssl, MBEDTLS_SSL_CID_ENABLED, cid, cid_length), "--cid");
  if (options->name != NULL) check(mbedtls_ssl_set_hostname(&peer->ssl, options->name), "--name");
  if (options->mtu != NULL) mbedtls_ssl_set_mtu(&peer->ssl, (uint16_t)atoi(options->mtu));
  mbedtls_ssl_set_timer_cb(&peer->ssl, &peer->timer, set_timer, get_timer);
  mbedtls_ssl_set_bio(&peer->ssl, peer, send_datagram, receive_datagram, NULL);
}

static void initialise(struct peer* peer) {
  psa_crypto_init();
  mbedtls_entropy_init(&peer->entropy);
  mbedtls_ctr_drbg_init(&peer->random);
  mbedtls_ssl_config_init(&peer->config);
  mbedtls_ssl_init(&peer->ssl);
  mbedtls_ssl_cookie_init(&peer->cookies);
  mbedtls_x509_crt_init(&peer->authority);
  mbedtls_x509_crt_init(&peer->certificate);
  mbedtls_pk_init(&peer->private_key);
  check(mbedtls_ctr_drbg_seed(&peer->random, mbedtls_entropy_func, &peer->entropy, NULL, 0),
        "random numbers");
}

/* Handshake */

/* A server learns from the next datagram whom its cookie is for. */
static void await_client(struct peer* peer) {
  uint8_t byte;
  socklen_t size = sizeof peer->remote;
  struct sockaddr* from = (struct sockaddr*)&peer->remote;
  while (recvfrom(peer->fd, &byte, sizeof byte, MSG_PEEK, from, &size) < 0) {
    wait_for_something(peer);
    if (peer->input_ended) fail("no client came");
    size = sizeof peer->remote;
  }
  const unsigned char* name = (const unsigned char*)&peer->remote;
  check(mbedtls_ssl_set_client_transport_id(&peer->ssl, name, sizeof peer->remote), "client's address");
}

static void shake_hands(struct peer* peer) {
  if (peer->options.server) await_client(peer);
  for (;;) {
    int result = mbedtls_ssl_handshake(&peer->ssl);
    if (result == 0) return;
    if (result == MBEDTLS_ERR_SSL_HELLO_VERIFY_REQUIRED) {
      check(mbedtls_ssl_session_reset(&peer->ssl), "reset");
      await_client(peer);
    } else if (result == MBEDTLS_ERR_SSL_WANT_READ || result == MBEDTLS_ERR_SSL_WANT_WRITE) {
      wait_for_something(peer);
      if (peer->input_ended) fail("the input ended before the handshake");
    } else {
      check(result, "handshake");
    }
  }
}

static void print_hex(const char* name, const uint8_t* bytes, size_t length) {
  printf(" %s=", name);
  for (size_t i = 0; i < length; i++) printf("%02x", bytes[i]);
}

static void announce(struct peer* peer) {
  uint8_t cid[MBEDTLS_SSL_CID_OUT_LEN_MAX];
  size_t length = 0;
  int in_use;
  printf("handshake %s\n", mbedtls_ssl_get_ciphersuite(&peer->ssl));
  check(mbedtls_ssl_get_peer_cid(&peer->ssl, &in_use, cid, &length), "peer's Connection ID");
  if (in_use != MBEDTLS_SSL_CID_ENABLED) {
    printf("cid none\n");
    return;
  }
  printf("cid own=%s", peer->options.cid);
  print_hex("peer", cid, length);
  printf("\n");
}

/* Conversation */

static void send_message(struct peer* peer, const void* bytes, size_t length) {
  int result = mbedtls_ssl_write(&peer->ssl, bytes, length);
  check(result, "message");
  if ((size_t)result != length) fail("the message does not fit a record");
}

static void move(struct peer* peer) {
  int old = peer->fd;
  open_socket(peer);
  close(old);
  printf("moved to %d\n", own_port(peer));
}

static void take_line(struct peer* peer, const char* line, size_t length) {
  static const char command[] = "/move\n";
  bool moves = length == strlen(command) && memcmp(line, command, length) == 0;
  if (!moves)
    send_message(peer, line, length);
  else if (peer->options.server)
    fail("a server does not move");
  else
    move(peer);
}

static void take_lines(struct peer* peer) {
  char* end;
  while ((end = memchr(peer->lines, '\n', peer->lines_length)) != NULL) {
    size_t length = (size_t)(end - peer->lines) + 1;
    take_line(peer, peer->lines, length);
    peer->lines_length -= length;
    memmove(peer->lines, end + 1, peer->lines_length);
  }
}

/* A message has verified: where it came from, the peer is. */
static void follow(struct peer* peer) {
  bool same = peer->remote.sin_port == peer->source.sin_port;
  if (!peer->options.server || same) return;
  peer->remote = peer->source;
  printf("peer at %d\n", ntohs(peer->remote.sin_port));
}

static void take_message(struct peer* peer, const unsigned char* bytes, size_t length) {
  follow(peer);
  printf("received ");
  fwrite(bytes, 1, length, stdout);
  if (bytes[length - 1] != '\n') printf("\n");
  fflush(stdout);
  if (peer->options.echo) send_message(peer, bytes, length);
}

static void converse(struct peer* peer) {
  unsigned char bytes[MOST_BYTES];
  for (;;) {
    int result = mbedtls_ssl_read(&peer->ssl, bytes, sizeof bytes);
    if (result > 0) {
      take_message(peer, bytes, (size_t)result);
    } else if (result == MBEDTLS_ERR_SSL_PEER_CLOSE_NOTIFY) {
      printf("closed by peer\n");
      break;
    } else if (result != MBEDTLS_ERR_SSL_WANT_READ && result != MBEDTLS_ERR_SSL_WANT_WRITE &&
               result != MBEDTLS_ERR_SSL_TIMEOUT) {
      check(result, "reading");
    } else {
      take_lines(peer);
      if (peer->input_ended) {
        printf("closed here\n");
        break;
      }
      wait_for_something(peer);
    }
  }
  mbedtls_ssl_close_notify(&peer->ssl);
}

int main(int count, char** arguments) {
  static struct peer peer = {
      .options = {.host = "127.0.0.1", .port = "0", .identity = "device", .cid = "none", .timeout = "1000"}};
  setvbuf(stdout, NULL, _IOLBF, 0);
  parse_arguments(&peer.options, count, arguments);
  peer.remote.sin_family = AF_INET;
  peer.remote.sin_port = htons((uint16_t)atoi(peer.options.port));
  if (inet_pton(AF_INET, peer.options.host, &peer.remote.sin_addr) != 1) fail("--host is no IPv4 address");
  initialise(&peer);
  configure(&peer);
  set_up(&peer);
  open_socket(&peer);
  if (peer.options.server) printf("listening %d\n", own_port(&peer));
  shake_hands(&peer);
  announce(&peer);
  converse(&peer);
  return 0;
}
