/* The library as a guest in the process of a host that minds its signals, its
 * threads, its forks and its stack.
 *
 *   guest cut URL ROOT_KEY CA PHONE TIMES   SIGPIPE and SIGXFSZ as they are by
 *                                           default; ends after so many logins
 *   guest signals STORE URL                 handler, sigwait, signalfd
 *   guest threads STORE URL LIMIT           so many threads and no more
 *   guest fork ROUNDS                       forked during the first call
 *   guest stack URL                         how much of it the calls take
 *   guest loop URL                          the same calls without an end
 */
#include <dlfcn.h>
#include <dirent.h>
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>
#include <wa.h>

#define CHECK(condition)                                                          \
    do {                                                                          \
        if (!(condition)) {                                                       \
            fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #condition);       \
            exit(1);                                                              \
        }                                                                         \
    } while (0)

enum { PATIENCE_MS = 180000, BUSY_TEXTS = 8 };
#define FRIEND "15550005678"

/* Takes the place of the C library's function for the whole process: the
 * library calls it too. It sees to it that whoever starts a thread has every
 * signal blocked, and refuses threads beyond a limit. */
static atomic_int threads_left = 1000;
static atomic_int made, unblocked;

int pthread_create(pthread_t *thread, const pthread_attr_t *attributes, void *(*start)(void *), void *argument)
{
    static int (*real)(pthread_t *, const pthread_attr_t *, void *(*)(void *), void *);
    sigset_t mask;
    if (real == NULL) {
        void *found = dlsym(RTLD_NEXT, "pthread_create");
        memcpy(&real, &found, sizeof real);
    }
    pthread_sigmask(SIG_BLOCK, NULL, &mask);
    for (int number = 1; number <= 64; number++) {
        bool own = number == SIGKILL || number == SIGSTOP || (number >= 32 && number < SIGRTMIN);
        if (!own && sigismember(&mask, number) == 0)
            unblocked++;
    }
    if (threads_left-- <= 0) {
        threads_left++;
        return EAGAIN;
    }
    made++;
    return real(thread, attributes, start, argument);
}

static void set(wa_config *config, const char *key, const char *value)
{
    wa_error *error = NULL;
    if (wa_config_set(config, key, value, &error) != WA_OK) {
        fprintf(stderr, "%s: %s\n", key, wa_error_text(error));
        exit(1);
    }
}

static wa_client *open_client(wa_config *config)
{
    wa_error *error = NULL;
    wa_client *client = NULL;
    if (wa_client_new(config, NULL, &client, &error) != WA_OK) {
        fprintf(stderr, "%s: %s\n", wa_error_name(error), wa_error_text(error));
        exit(1);
    }
    return client;
}

/* Takes the next event, which must come. */
static wa_event *next(wa_client *client)
{
    wa_event *event = NULL;
    CHECK(wa_poll_event(client, PATIENCE_MS, &event, NULL) == WA_OK);
    return event;
}

static void done(wa_event *event)
{
    wa_event_ack(event);
    wa_event_free(event);
}

/* Every signal but those that nobody can block is blocked on every thread but
 * this one. Returns how many threads there are beside it. */
static int look_at_masks(void)
{
    int others = 0;
    DIR *tasks = opendir("/proc/self/task");
    CHECK(tasks != NULL);
    for (struct dirent *entry; (entry = readdir(tasks)) != NULL;) {
        char path[300], line[200], name[64] = "";
        unsigned long long blocked = 0;
        if (atoi(entry->d_name) == 0 || atoi(entry->d_name) == getpid())
            continue;
        snprintf(path, sizeof path, "/proc/self/task/%s/status", entry->d_name);
        FILE *status = fopen(path, "r");
        /* It has ended meanwhile. */
        if (status == NULL)
            continue;
        while (fgets(line, sizeof line, status)) {
            sscanf(line, "Name: %63s", name);
            sscanf(line, "SigBlk: %llx", &blocked);
        }
        fclose(status);
        /* A thread that ends has no mask any more. */
        if (blocked == 0)
            continue;
        unsigned long long open = ~blocked & ~(1ULL << (SIGKILL - 1)) & ~(1ULL << (SIGSTOP - 1));
        for (int number = 32; number < SIGRTMIN; number++)
            open &= ~(1ULL << (number - 1));
        if (open != 0) {
            fprintf(stderr, "thread %s has these signals open: %llx\n", name, open);
            exit(1);
        }
        others++;
    }
    closedir(tasks);
    return others;
}

/* ---- cut ---- */

static void cut(char **arguments)
{
    char text[2000];
    wa_config *config = wa_config_new();
    memset(text, 'x', sizeof text - 1);
    text[sizeof text - 1] = 0;
    signal(SIGPIPE, SIG_DFL);
    set(config, "store.url", "memory:");
    set(config, "server.url", arguments[0]);
    set(config, "server.root_key", arguments[1]);
    set(config, "server.ca_file", arguments[2]);
    set(config, "reconnect.base_ms", "20");
    set(config, "reconnect.max_ms", "40");
    set(config, "pace.first_contacts_per_hour", "0");
    wa_client *client = open_client(config);
    CHECK(wa_client_connect(client, NULL) == WA_OK);
    CHECK(wa_request_pairing(client, arguments[3], NULL, NULL, NULL) == WA_OK);
    for (int ready = 0; ready < atoi(arguments[4]);) {
        wa_event *event = next(client);
        if (wa_event_type(event) == WA_EVENT_PAIRING_CODE)
            printf("code %s\n", wa_event_code(event));
        if (wa_event_type(event) == WA_EVENT_READY) {
            ready++;
            look_at_masks();
            for (int number = 0; number < BUSY_TEXTS; number++)
                (void)wa_send_text(client, FRIEND, text, NULL, NULL, NULL);
            printf("ready\n");
        }
        CHECK(wa_event_type(event) != WA_EVENT_CLOSED);
        done(event);
    }
    wa_client_free(client);
    wa_config_free(config);
}

/* ---- signals ---- */

static atomic_int on_main, elsewhere;
static pthread_t main_thread;

static void handler(int number)
{
    (void)number;
    if (pthread_equal(pthread_self(), main_thread))
        on_main++;
    else
        elsewhere++;
}

static wa_client *busy_client(const char *store, const char *url)
{
    wa_config *config = wa_config_new();
    set(config, "store.url", store);
    /* A name, so that it has to be looked up; nobody answers there. */
    set(config, "server.url", url);
    set(config, "reconnect.base_ms", "10");
    set(config, "reconnect.max_ms", "10");
    wa_client *client = open_client(config);
    wa_config_free(config);
    CHECK(wa_client_connect(client, NULL) == WA_OK);
    return client;
}

/* Signals sent to the process find a thread of the library that would take
 * them, if there is one, because the host's only thread has them blocked. */
static void signals(char **arguments)
{
    main_thread = pthread_self();
    struct sigaction action = { .sa_handler = handler };
    CHECK(sigaction(SIGUSR1, &action, NULL) == 0);
    wa_client *client = busy_client(arguments[0], arguments[1]);
    sigset_t set, waiting;
    sigemptyset(&set);
    sigaddset(&set, SIGUSR1);
    sigaddset(&set, SIGTERM);
    CHECK(sigprocmask(SIG_BLOCK, &set, NULL) == 0);
    int descriptor = signalfd(-1, &set, 0);
    CHECK(descriptor >= 0);

    for (int round = 0; round < 200; round++) {
        /* A handler: the signal waits until the host's thread takes it. */
        kill(getpid(), SIGUSR1);
        sigpending(&waiting);
        CHECK(sigismember(&waiting, SIGUSR1) == 1 && elsewhere == 0);
        sigset_t open;
        sigfillset(&open);
        sigdelset(&open, SIGUSR1);
        sigsuspend(&open);
        CHECK(on_main == round + 1 && elsewhere == 0);

        /* sigwait. */
        int got = 0;
        kill(getpid(), SIGTERM);
        CHECK(sigwait(&set, &got) == 0 && got == SIGTERM);

        /* signalfd. */
        struct signalfd_siginfo info;
        struct pollfd entry = { .fd = descriptor, .events = POLLIN };
        kill(getpid(), SIGTERM);
        CHECK(poll(&entry, 1, PATIENCE_MS) == 1);
        CHECK(read(descriptor, &info, sizeof info) == (ssize_t)sizeof info && info.ssi_signo == SIGTERM);
        look_at_masks();
    }
    CHECK(made > 0 && unblocked == 0);
    wa_client_free(client);
    close(descriptor);
}

/* ---- threads ---- */

static void threads(char **arguments)
{
    threads_left = atoi(arguments[2]);
    int before = threads_left;
    for (int round = 0; round < 3; round++) {
        wa_error *error = NULL;
        wa_client *client = NULL;
        wa_config *config = wa_config_new();
        set(config, "store.url", arguments[0]);
        set(config, "server.url", arguments[1]);
        set(config, "runtime.workers", "2");
        wa_status status = wa_client_new(config, NULL, &client, &error);
        wa_config_free(config);
        if (status != WA_OK) {
            if (status != WA_ERROR_SYSTEM || strstr(wa_error_text(error), "ulimit -u") == NULL) {
                fprintf(stderr, "%s: %s\n", wa_error_name(error), wa_error_text(error));
                exit(1);
            }
            printf("refused\n");
            wa_error_free(error);
            /* Nothing is left of the attempt. */
            threads_left = before;
            continue;
        }
        /* Every accepted request has its result, however few threads there are. */
        uint64_t request = 0, answered = 0;
        CHECK(wa_client_connect(client, NULL) == WA_OK);
        CHECK(wa_request_pairing(client, "15550001234", NULL, &request, NULL) == WA_OK);
        bool told = false;
        while (!told || answered != request) {
            wa_event *event = next(client);
            if (wa_event_type(event) == WA_EVENT_CONNECTION && wa_event_status(event) != WA_OK) {
                /* The name could not be looked up, or nobody listens there. */
                CHECK(wa_event_status(event) == WA_ERROR_SYSTEM || wa_event_status(event) == WA_ERROR_CONNECT);
                if (!told)
                    printf("opened, %s\n", wa_status_name(wa_event_status(event)));
                told = true;
                if (answered == 0)
                    CHECK(wa_cancel(client, request, NULL) == WA_OK);
            }
            if (wa_event_type(event) == WA_EVENT_RESULT)
                answered = wa_event_request(event);
            done(event);
        }
        wa_client_free(client);
        threads_left = before;
    }
    CHECK(unblocked == 0);
}

/* ---- fork ---- */

static atomic_int go;
static int spin;

static void *first_call(void *unused)
{
    while (!go)
        ;
    for (volatile int turn = 0; turn < spin; turn++)
        ;
    bool made_one = wa_config_new() != NULL;
    (void)wa_reference_json(NULL);
    return made_one ? unused : NULL;
}

/* The child of a process in which another thread makes the first call, at some
 * point of it. */
static int grandchild(void)
{
    wa_client *client = NULL;
    alarm(PATIENCE_MS / 1000);
    CHECK(wa_status_name(WA_OK) == NULL || strcmp(wa_status_name(WA_OK), "WA_OK") == 0);
    wa_config *config = wa_config_new();
    wa_status status = wa_client_new(config, NULL, &client, NULL);
    if (status == WA_OK)
        wa_client_free(client);
    /* It can be used there, or says that it cannot. */
    return status == WA_OK ? 0 : status == WA_ERROR_FORKED ? 1 : 2;
}

static void forks(char **arguments)
{
    int used = 0, told = 0;
    for (int round = 0; round < atoi(arguments[0]); round++) {
        pid_t child = fork();
        if (child == 0) {
            pthread_t thread;
            int status;
            spin = (round * 37) % 6000;
            CHECK(pthread_create(&thread, NULL, first_call, NULL) == 0);
            usleep(100);
            go = 1;
            pid_t below = fork();
            if (below == 0)
                _exit(grandchild());
            CHECK(waitpid(below, &status, 0) == below);
            pthread_join(thread, NULL);
            _exit(WIFEXITED(status) ? WEXITSTATUS(status) : 3);
        }
        int status;
        CHECK(waitpid(child, &status, 0) == child && WIFEXITED(status));
        if (WEXITSTATUS(status) > 1) {
            fprintf(stderr, "round %d: a child ended with %d (3: it hung)\n", round, WEXITSTATUS(status));
            exit(1);
        }
        *(WEXITSTATUS(status) == 0 ? &used : &told) += 1;
    }
    printf("used %d, told %d\n", used, told);
}

/* ---- stack ---- */

enum { STACK = 1 << 20, PAINT = 0xA5, STACK_PROMISED = 64 * 1024 };

/* Calls that take more stack than others. */
static void *deep_calls(void *url)
{
    wa_error *error = NULL;
    char nested[4000];
    wa_config *config = wa_config_new();
    (void)wa_reference_json(NULL);
    set(config, "server.url", url);
    CHECK(wa_config_set(config, "server.url", "https://user:password@host/", &error) == WA_ERROR_BAD_VALUE);
    wa_error_free(error);
    wa_client *client = open_client(config);
    for (size_t depth = 1; depth < 1000; depth = depth * 3 / 2 + 1) {
        memset(nested, 0, sizeof nested);
        memcpy(nested, "{\"x\":", 5);
        memset(nested + 5, '[', depth);
        memset(nested + 5 + depth, ']', depth);
        nested[5 + 2 * depth] = '}';
        CHECK(wa_call(client, "server.ping", nested, NULL, &error) >= WA_ERROR_INVALID_ARGUMENT);
        wa_error_free(error);
    }
    CHECK(wa_client_connect(client, NULL) == WA_OK);
    CHECK(wa_request_pairing(client, "15550001234", NULL, NULL, NULL) == WA_OK);
    CHECK(wa_call(client, "session.status", NULL, NULL, NULL) == WA_OK);
    for (bool answered = false; !answered;) {
        wa_event *event = next(client);
        answered = wa_event_type(event) == WA_EVENT_RESULT;
        (void)wa_event_json(event, NULL);
        done(event);
    }
    wa_client_free(client);
    wa_config_free(config);
    return NULL;
}

static void stack(char **arguments)
{
    unsigned char *bottom = NULL;
    pthread_t thread;
    pthread_attr_t attributes;
    size_t untouched = 0;
    CHECK(posix_memalign((void **)&bottom, 65536, STACK) == 0);
    memset(bottom, PAINT, STACK);
    CHECK(pthread_attr_init(&attributes) == 0 && pthread_attr_setstack(&attributes, bottom, STACK) == 0);
    CHECK(pthread_create(&thread, &attributes, deep_calls, arguments[0]) == 0 && pthread_join(thread, NULL) == 0);
    while (untouched < STACK && bottom[untouched] == PAINT)
        untouched++;
    printf("%zu\n", STACK - untouched);
    CHECK(STACK - untouched <= STACK_PROMISED);
}

/* ---- loop ---- */

enum { CALLS = 2000000, MORE_KIB = 32 * 1024 };

static long resident_kib(void)
{
    long pages = 0;
    FILE *file = fopen("/proc/self/statm", "r");
    CHECK(file != NULL && fscanf(file, "%*d %ld", &pages) == 1);
    fclose(file);
    return pages * (sysconf(_SC_PAGESIZE) / 1024);
}

/* A host that makes up its mind faster than the session can follow. */
static void loop(char **arguments)
{
    uint64_t request = 0;
    wa_client *client = busy_client("memory:", arguments[0]);
    CHECK(wa_request_qr(client, &request, NULL) == WA_OK);
    long before = resident_kib();
    for (int call = 0; call < CALLS; call++) {
        CHECK(wa_client_disconnect(client, NULL) == WA_OK);
        CHECK(wa_client_connect(client, NULL) == WA_OK);
        CHECK(wa_cancel(client, request, NULL) == WA_OK);
    }
    for (int call = 0; call < CALLS; call++)
        CHECK(wa_client_close(client) == WA_OK);
    long more = resident_kib() - before;
    printf("%ld KiB more\n", more);
    CHECK(more < MORE_KIB);
    wa_client_free(client);
}

int main(int count, char **arguments)
{
    setvbuf(stdout, NULL, _IOLBF, 0);
    if (count == 7 && strcmp(arguments[1], "cut") == 0)
        cut(arguments + 2);
    else if (count == 4 && strcmp(arguments[1], "signals") == 0)
        signals(arguments + 2);
    else if (count == 5 && strcmp(arguments[1], "threads") == 0)
        threads(arguments + 2);
    else if (count == 3 && strcmp(arguments[1], "fork") == 0)
        forks(arguments + 2);
    else if (count == 3 && strcmp(arguments[1], "loop") == 0)
        loop(arguments + 2);
    else if (count == 3 && strcmp(arguments[1], "stack") == 0)
        stack(arguments + 2);
    else
        return 2;
    return 0;
}
