/* A load generator for HTTP/1.1: replays requests over so many connections, flat out or at a fixed rate.

       load PORT CONNECTIONS SECONDS RATE TIMES FILE

   FILE holds complete requests, each preceded by its length in decimal and a newline.  They are sent in order, from the
   start again after the last, by whichever connection is free; with TIMES not 0 the file is gone through so many times
   and no more, however long it takes.  RATE 0 keeps every connection busy and measures a request from when it is sent.
   Any other RATE is requests per second: request i is due i / RATE seconds after the start, a timer of nanoseconds
   (timerfd, no timer slack) wakes the sender for it, and its latency counts from when it was due, be it sent later
   because all connections were waiting.  So a server that stalls is charged for all who would have come meanwhile.

   Prints one line of JSON.  Latencies are in microseconds. */

#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#define HEAD_BYTES 16384
#define EVENTS 256
#define READ_BYTES 262144
#define NANOSECONDS 1000000000ull

struct request {
    const char *bytes;
    size_t size;
};

enum body { BY_LENGTH, CHUNKED, UNTIL_CLOSE };

struct connection {
    int socket;
    int busy;
    const struct request *request;
    size_t sent;
    uint64_t since;          /* from when the latency of its request counts */
    char head[HEAD_BYTES];   /* what came, until the head is complete */
    size_t head_size;
    int in_body;
    enum body body;
    uint64_t body_left;
    char last[5];            /* the end of a chunked body */
    int status;
    int closes;
};

static struct request *requests;
static size_t request_count, next_request;
static uint64_t sent_count, send_limit, answered, refused;
static uint32_t *latencies;
static size_t latency_capacity;
static int poller, port;
static double rate;
static uint64_t started, ends;
static char chunk[READ_BYTES];

static void fail(const char *what) {
    fprintf(stderr, "load: %s: %s\n", what, errno ? strerror(errno) : "failed");
    exit(1);
}

static uint64_t now_ns(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * NANOSECONDS + t.tv_nsec;
}

static void read_requests(const char *path) {
    FILE *file = fopen(path, "rb");
    size_t capacity = 0, size;
    if (file == NULL) fail(path);
    while (fscanf(file, "%zu", &size) == 1) {
        char *bytes = malloc(size);
        if (fgetc(file) != '\n' || bytes == NULL || fread(bytes, 1, size, file) != size) fail("a broken file of requests");
        if (request_count == capacity) {
            capacity = capacity ? capacity * 2 : 1024;
            requests = realloc(requests, capacity * sizeof *requests);
            if (requests == NULL) fail("memory");
        }
        requests[request_count].bytes = bytes;
        requests[request_count++].size = size;
    }
    fclose(file);
    if (request_count == 0) fail("no requests in the file");
}

static void keep_latency(uint64_t nanoseconds) {
    uint64_t tenths = nanoseconds / 100;
    if (answered == latency_capacity) {
        latency_capacity = latency_capacity ? latency_capacity * 2 : 1 << 20;
        latencies = realloc(latencies, latency_capacity * sizeof *latencies);
        if (latencies == NULL) fail("memory");
    }
    latencies[answered++] = tenths > UINT32_MAX ? UINT32_MAX : (uint32_t)tenths;
}

/* --- one connection ------------------------------------------------------------------------------------------------ */

static void watch(struct connection *c, int change, uint32_t events) {
    struct epoll_event event = {.events = events, .data.ptr = c};
    if (epoll_ctl(poller, change, c->socket, &event)) fail("epoll_ctl");
}

static void open_connection(struct connection *c) {
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(port)};
    int one = 1;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    c->socket = socket(AF_INET, SOCK_STREAM, 0);
    if (c->socket < 0 || connect(c->socket, (struct sockaddr *)&address, sizeof address)) fail("connect");
    setsockopt(c->socket, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    if (fcntl(c->socket, F_SETFL, O_NONBLOCK)) fail("fcntl");
    watch(c, EPOLL_CTL_ADD, EPOLLIN);
}

static void reopen(struct connection *c) {
    close(c->socket);
    open_connection(c);
}

static void send_rest(struct connection *c) {
    while (c->sent < c->request->size) {
        ssize_t size = send(c->socket, c->request->bytes + c->sent, c->request->size - c->sent, MSG_NOSIGNAL);
        if (size < 0) {
            if (errno != EAGAIN) fail("send");
            watch(c, EPOLL_CTL_MOD, EPOLLIN | EPOLLOUT);
            return;
        }
        c->sent += size;
    }
}

static void send_next(struct connection *c, uint64_t since) {
    c->request = &requests[next_request];
    next_request = next_request + 1 == request_count ? 0 : next_request + 1;
    sent_count++;
    c->sent = c->head_size = 0;
    c->in_body = 0;
    c->busy = 1;
    c->since = since;
    send_rest(c);
}

static void begin_body(struct connection *c) {
    char *line = c->head;
    c->status = atoi(c->head + 9);
    c->closes = strncmp(c->head, "HTTP/1.0", 8) == 0;
    c->body = UNTIL_CLOSE;
    while ((line = strstr(line, "\r\n")) != NULL && line[2] != '\r') {
        line += 2;
        if (strncasecmp(line, "content-length:", 15) == 0) {
            c->body = BY_LENGTH;
            c->body_left = strtoull(line + 15, NULL, 10);
        } else if (strncasecmp(line, "transfer-encoding: chunked", 26) == 0) {
            c->body = CHUNKED;
        } else if (strncasecmp(line, "connection: close", 17) == 0) {
            c->closes = 1;
        }
    }
    memset(c->last, 0, sizeof c->last);
    c->in_body = 1;
}

/* Whether the body is complete.  Nothing follows it, since one request at a time is under way on a connection; and JSON
   on one line has nothing in it that looks like the end of a chunked body. */
static int take_body(struct connection *c, const char *bytes, size_t size) {
    if (c->status != 200 && refused == 0 && size) fprintf(stderr, "load: %d %.*s\n", c->status, (int)size, bytes);
    if (c->body == BY_LENGTH) {
        c->body_left = size > c->body_left ? 0 : c->body_left - size;
        return c->body_left == 0;
    }
    if (c->body == CHUNKED && size) {
        size_t kept = size < sizeof c->last ? sizeof c->last - size : 0;
        memmove(c->last, c->last + sizeof c->last - kept, kept);
        memcpy(c->last + kept, bytes + size - (sizeof c->last - kept), sizeof c->last - kept);
        return memcmp(c->last, "0\r\n\r\n", 5) == 0;
    }
    return 0;
}

static int take(struct connection *c, const char *bytes, size_t size) {
    char *end;
    size_t held = c->head_size, taken;
    if (c->in_body) return take_body(c, bytes, size);
    taken = size < HEAD_BYTES - 1 - held ? size : HEAD_BYTES - 1 - held;
    memcpy(c->head + held, bytes, taken);
    c->head_size += taken;
    c->head[c->head_size] = 0;
    end = strstr(c->head, "\r\n\r\n");
    if (end == NULL) {
        if (c->head_size == HEAD_BYTES - 1) fail("a response head that is too long");
        return 0;
    }
    begin_body(c);
    taken = end + 4 - c->head - held;
    return take_body(c, bytes + taken, size - taken);
}

static void finish(struct connection *c) {
    keep_latency(now_ns() - c->since);
    refused += c->status != 200;
    c->busy = 0;
    if (c->closes) reopen(c);
}

static void receive(struct connection *c) {
    ssize_t size = recv(c->socket, chunk, sizeof chunk, 0);
    if (size < 0 && errno == EAGAIN) return;
    if (size <= 0) {
        if (c->busy && c->in_body && c->body == UNTIL_CLOSE) {
            c->closes = 1;
            finish(c);
        } else if (c->busy) {
            fail("the server closed a connection on which it owed an answer");
        } else {
            reopen(c);
        }
    } else if (c->busy && take(c, chunk, size)) {
        finish(c);
    }
}

/* --- the run ------------------------------------------------------------------------------------------------------- */

static int may_send(void) { return send_limit == 0 || sent_count < send_limit; }

/* Give what is due to whoever is free; return when the next request is due, 0 when the generator waits for answers. */
static uint64_t send_due(struct connection *connections, int count) {
    for (int i = 0; i < count; i++) {
        if (connections[i].busy) continue;
        uint64_t now = now_ns();
        uint64_t due = rate ? started + (uint64_t)(sent_count * (NANOSECONDS / rate)) : now;
        if (!may_send()) return 0;
        if (due > now) return due;
        send_next(&connections[i], due);
    }
    return 0;
}

static void set_timer(int timer, uint64_t due) {
    struct itimerspec when = {.it_value = {.tv_sec = due / NANOSECONDS, .tv_nsec = due % NANOSECONDS}};
    if (timerfd_settime(timer, TFD_TIMER_ABSTIME, &when, NULL)) fail("timerfd_settime");
}

static void run(struct connection *connections, int count) {
    struct epoll_event events[EVENTS], on_time = {.events = EPOLLIN, .data.ptr = NULL};
    int timer = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK);
    prctl(PR_SET_TIMERSLACK, 1);
    if (timer < 0 || epoll_ctl(poller, EPOLL_CTL_ADD, timer, &on_time)) fail("timerfd");
    while (send_limit ? answered < send_limit : now_ns() < ends) {
        uint64_t due = send_due(connections, count);
        if (due) set_timer(timer, due);
        int found = epoll_wait(poller, events, EVENTS, 100);
        for (int i = 0; i < found; i++) {
            struct connection *c = events[i].data.ptr;
            if (c == NULL) {
                uint64_t times;
                if (read(timer, &times, sizeof times) < 0 && errno != EAGAIN) fail("timerfd");
                continue;
            }
            if (events[i].events & EPOLLOUT) {
                watch(c, EPOLL_CTL_MOD, EPOLLIN);
                send_rest(c);
            }
            if (events[i].events & (EPOLLIN | EPOLLHUP | EPOLLERR)) {
                receive(c);
                if (!rate && !c->busy && may_send()) send_next(c, now_ns());
            }
        }
    }
}

static int ascending(const void *a, const void *b) {
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
    return (x > y) - (x < y);
}

static double percentile(double share) {
    return answered ? latencies[(size_t)((answered - 1) * share)] / 10.0 : 0;
}

int main(int argc, char **argv) {
    if (argc != 7) {
        fprintf(stderr, "usage: load PORT CONNECTIONS SECONDS RATE TIMES FILE\n");
        return 2;
    }
    int count = atoi(argv[2]);
    struct connection *connections = calloc(count, sizeof *connections);
    port = atoi(argv[1]);
    rate = atof(argv[4]);
    read_requests(argv[6]);
    send_limit = request_count * strtoull(argv[5], NULL, 10);
    poller = epoll_create1(0);
    if (connections == NULL || poller < 0) fail("start");
    for (int i = 0; i < count; i++) open_connection(&connections[i]);
    started = now_ns();
    ends = started + (uint64_t)(atof(argv[3]) * NANOSECONDS);
    run(connections, count);
    double seconds = (now_ns() - started) / 1e9;
    qsort(latencies, answered, sizeof *latencies, ascending);
    printf("{\"requests\":%lu,\"seconds\":%.6f,\"refused\":%lu,\"p50\":%.1f,\"p99\":%.1f,\"max\":%.1f}\n",
           (unsigned long)answered, seconds, (unsigned long)refused, percentile(0.5), percentile(0.99), percentile(1));
    return 0;
}
