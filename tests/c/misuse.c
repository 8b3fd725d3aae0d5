/* Calls every function of wa.h wrongly: with NULL, garbage, freed and wrong-kind handles, invalid UTF-8, endless texts; from several
 * threads at once while another frees; in a forked child. Nothing may crash or hang, and every answer must be the documented one.
 *
 *   misuse calls | threads | fork
 *
 * The calls themselves are made from the header (tests/abi/calls.rs), so that no function can be forgotten: calls.inc defines
 * CALLS, an array of { name, call }. call(pick) makes one call with arguments chosen by `pick` and checks the answer. */
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>
#include <wa.h>

/* What is known about a call: how its arguments were, for judging its answer. */
struct call {
    const char *name;
    bool first_is_handle; /* its first argument is a handle */
    bool first_is_valid;  /* and a live one of the right kind */
    bool forked;          /* we are a forked child */
    bool relaxed;         /* other threads free what we use: only shape is checked */
};

static _Thread_local struct call now;
static bool forked, relaxed;

static void fail(const char *format, ...)
{
    va_list list;
    va_start(list, format);
    fprintf(stderr, "%s: ", now.name);
    vfprintf(stderr, format, list);
    fprintf(stderr, "\n");
    va_end(list);
    _exit(3);
}

/* ---- The objects that are used, and replaced when a call freed them. ---- */

static _Atomic(wa_config *) config;
static _Atomic(wa_queue *) queue;
static _Atomic(wa_client *) client;
static _Atomic(wa_event *) event;
static _Atomic(wa_error *) error;

/* Freed at the start. */
static wa_config *dead_config;
static wa_queue *dead_queue;
static wa_client *dead_client;
static wa_event *dead_event;
static wa_error *dead_error;

static wa_config *offline_config(const char *session)
{
    wa_config *made = wa_config_new();
    if (wa_config_set(made, "session.id", session, NULL) ||
        wa_config_set(made, "server.url", "ws://127.0.0.1:1/", NULL) ||
        wa_config_set(made, "server.root_key", "0000000000000000000000000000000000000000000000000000000000000001", NULL))
        fail("the configuration is refused");
    return made;
}

static wa_client *new_client(const char *session)
{
    wa_client *made = NULL;
    wa_error *why = NULL;
    wa_config *set = offline_config(session);
    if (wa_client_new(set, NULL, &made, &why) != WA_OK)
        fail("no client: %s", wa_error_text(why));
    wa_config_free(set);
    return made;
}

static wa_error *new_error(void)
{
    wa_error *made = NULL;
    wa_config_set(NULL, NULL, NULL, &made);
    return made;
}

static wa_event *new_event(void)
{
    wa_event *made = NULL;
    wa_client *source = new_client("source");
    wa_client_close(source);
    if (wa_poll_event(source, 120000, &made, NULL) != WA_OK)
        fail("no event");
    wa_client_free(source);
    return made;
}

static bool alive_config(wa_config *handle) { return wa_config_get(handle, "store.url") != NULL; }
static bool alive_queue(wa_queue *handle) { return wa_queue_wake(handle) == WA_OK; }
static bool alive_client(wa_client *handle) { return wa_client_id(handle) != 0; }
static bool alive_event(wa_event *handle) { return wa_event_type(handle) != 0; }
static bool alive_error(wa_error *handle) { return wa_error_text(handle) != NULL; }

/* Replaces what the last call freed. */
static void revive(void)
{
    if (!alive_config(config))
        config = wa_config_new();
    if (!alive_queue(queue)) {
        wa_queue *made = NULL;
        if (wa_queue_new(&made, NULL) != WA_OK)
            fail("no queue");
        queue = made;
    }
    if (!alive_client(client))
        client = new_client("main");
    if (!alive_event(event))
        event = new_event();
    if (!alive_error(error))
        error = new_error();
}

static void make_objects(void)
{
    now.name = "start";
    revive();
    dead_config = config;
    dead_queue = queue;
    dead_client = client;
    dead_event = event;
    dead_error = error;
    wa_config_free(dead_config);
    wa_queue_free(dead_queue);
    wa_client_free(dead_client);
    wa_event_free(dead_event);
    wa_error_free(dead_error);
    revive();
    if (dead_client == client || dead_config == config || dead_event == event)
        fail("a freed handle came back to life");
}

/* ---- Arguments: `pick` counts through them. ---- */

static unsigned choose(unsigned *pick, unsigned count)
{
    unsigned chosen = *pick % count;
    *pick /= count;
    return chosen;
}

static char local[16];

/* A live handle of another kind. */
static void *wrong_kind(unsigned which, void *own)
{
    void *all[] = { config, queue, client, event, error };
    unsigned found = 0;
    for (unsigned i = 0; i < 5; i++)
        if (all[i] != own && found++ == which)
            return all[i];
    return NULL;
}

#define HANDLES 8u
/* The first is a live handle; then NULL, freed, of two other kinds, and three that never were handles. */
#define HANDLE(type)                                                   \
    static wa_##type *pick_##type(unsigned *pick, bool *valid)         \
    {                                                                  \
        unsigned chosen = choose(pick, HANDLES);                       \
        wa_##type *own = type;                                         \
        *valid = chosen == 0;                                          \
        switch (chosen) {                                              \
        case 0: return own;                                            \
        case 1: return NULL;                                           \
        case 2: return dead_##type;                                    \
        case 3: return (wa_##type *)wrong_kind(0, own);                \
        case 4: return (wa_##type *)wrong_kind(3, own);                \
        case 5: return (wa_##type *)(uintptr_t)1;                      \
        case 6: return (wa_##type *)UINTPTR_MAX;                       \
        default: return (wa_##type *)(void *)local;                    \
        }                                                              \
    }
HANDLE(config)
HANDLE(queue)
HANDLE(client)
HANDLE(event)
HANDLE(error)

#define TEXTS 9u
#define HUGE_LENGTH (8u << 20)
static char *huge;

static const char *pick_text(unsigned *pick)
{
    switch (choose(pick, TEXTS)) {
    case 0: return "15550001234";
    case 1: return NULL;
    case 2: return "";
    case 3: return "\xFF\xFE\xC0\x80";
    case 4: return "\xED\xA0\x80";
    case 5: return huge;
    case 6: return "session.id";
    case 7: return "{\"a\":[1,2,{}]}";
    default: return "png\n%s%n";
    }
}

/* Bytes and how many there are: none, fewer than claimed (with no pointer), a
 * message, more than may be. What is claimed is there, or must not be read. */
#define BYTES 5u
static const uint8_t *pick_bytes(unsigned *pick, size_t *length)
{
    static const uint8_t message[] = {0x0a, 2, 'h', 'i'};
    switch (choose(pick, BYTES)) {
    case 0: *length = sizeof message; return message;
    case 1: *length = 0; return NULL;
    case 2: *length = 7; return NULL;
    case 3: *length = SIZE_MAX; return message;
    default: *length = 1; return (const uint8_t *)"\xff";
    }
}

#define NUMBERS 4u
static int64_t pick_number(unsigned *pick)
{
    switch (choose(pick, NUMBERS)) {
    case 0: return 0;
    case 1: return 1;
    case 2: return INT32_MIN;
    default: return -2;
    }
}

#define OUTS 2u

/* ---- Judging answers. ---- */

static void judge_status(wa_status status, wa_error *why, bool has_error)
{
    if (now.forked) {
        if (status != WA_ERROR_FORKED || why != NULL)
            fail("answers %d in a forked child", status);
        return;
    }
    if (wa_status_name(status) == NULL)
        fail("answers the unknown status %d", status);
    if (status == WA_ERROR_PANIC)
        fail("panicked: %s", wa_error_text(why));
    if (has_error) {
        if ((status >= 100) != (why != NULL))
            fail("answers %d with%s error object", status, why ? " an" : "out");
        if (wa_error_status(why) != (status >= 100 ? status : WA_OK))
            fail("answers %d, its error object %d", status, wa_error_status(why));
        if (why != NULL && (wa_error_text(why) == NULL || strlen(wa_error_text(why)) < 5))
            fail("has no words for %d", status);
        wa_error_free(why);
    }
    if (!now.relaxed && now.first_is_handle && !now.first_is_valid && status != WA_ERROR_INVALID_HANDLE)
        fail("answers %d to a wrong handle", status);
}

static bool must_be_nothing(void)
{
    return now.forked || (!now.relaxed && now.first_is_handle && !now.first_is_valid);
}

static void judge_number(uint64_t number)
{
    if (must_be_nothing() && number != 0)
        fail("gives %llu where there is nothing", (unsigned long long)number);
}

static void judge_text(const void *text)
{
    if (must_be_nothing() && text != NULL)
        fail("gives a text where there is none");
    if (!now.relaxed && text != NULL && memchr(text, 0, 1u << 24) == NULL)
        fail("gives a text without end");
}

#include "calls.inc"

#define COUNT (sizeof CALLS / sizeof *CALLS)

static void run(unsigned which, unsigned pick)
{
    memset(&now, 0, sizeof now);
    now.name = CALLS[which].name;
    now.forked = forked;
    now.relaxed = relaxed;
    CALLS[which].call(pick);
}

/* ---- The three ways. ---- */

static int calls(void)
{
    unsigned long made = 0;
    for (unsigned which = 0; which < COUNT; which++)
        for (unsigned pick = 0; pick < CALLS[which].picks; pick++) {
            run(which, pick);
            made++;
            revive();
        }
    printf("%zu functions, %lu calls\n", COUNT, made);
    return 0;
}

static atomic_bool stop;

static void *caller(void *seed)
{
    unsigned state = (unsigned)(uintptr_t)seed;
    while (!stop) {
        state = state * 1664525u + 1013904223u;
        run((state >> 8) % COUNT, state >> 4);
    }
    return NULL;
}

static int threads(unsigned rounds)
{
    pthread_t callers[4];
    relaxed = true;
    for (uintptr_t i = 0; i < 4; i++)
        if (pthread_create(&callers[i], NULL, caller, (void *)(i * 7919 + 1)))
            return 2;
    now.name = "freeing";
    for (unsigned round = 0; round < rounds; round++) {
        wa_client *old_client = client;
        wa_event *old_event = event;
        wa_config *old_config = config;
        wa_queue *old_queue = queue;
        wa_error *old_error = error;
        wa_client_free(old_client);
        wa_event_free(old_event);
        wa_config_free(old_config);
        wa_queue_free(old_queue);
        wa_error_free(old_error);
        revive();
    }
    stop = true;
    for (int i = 0; i < 4; i++)
        pthread_join(callers[i], NULL);
    return 0;
}

static int fork_and_call(void)
{
    pthread_t callers[2];
    relaxed = true;
    /* Other threads hold locks of all kinds while we fork. */
    for (uintptr_t i = 0; i < 2; i++)
        if (pthread_create(&callers[i], NULL, caller, (void *)(i * 104729 + 1)))
            return 2;
    for (int round = 0; round < 20; round++) {
        /* Every other child is made behind the C library's back. */
        pid_t child = round % 2 ? (pid_t)syscall(SYS_clone, SIGCHLD, NULL, NULL, NULL, 0) : fork();
        if (child == 0) {
            alarm(180); /* a hang is a failure too */
            forked = true;
            for (unsigned which = 0; which < COUNT; which++)
                for (unsigned pick = 0; pick < CALLS[which].picks && pick < 100; pick++)
                    run(which, pick);
            /* A child of the child is no better off. */
            if (round == 0) {
                pid_t next = fork();
                if (next == 0)
                    _exit(wa_config_new() == NULL ? 0 : 1);
                int how = 0;
                if (waitpid(next, &how, 0) != next || how != 0)
                    _exit(4);
            }
            _exit(0);
        }
        int how = 0;
        if (child < 0 || waitpid(child, &how, 0) != child || how != 0) {
            fprintf(stderr, "the forked child ended with %x\n", (unsigned)how);
            return 1;
        }
    }
    stop = true;
    for (int i = 0; i < 2; i++)
        pthread_join(callers[i], NULL);
    relaxed = false;
    now.forked = false;
    revive();
    return 0;
}

int main(int argc, char **argv)
{
    const char *way = argc > 1 ? argv[1] : "calls";
    int result = 2;

    /* A child of a process that has not used the library yet may use it. */
    pid_t early = fork();
    if (early == 0)
        _exit(wa_config_new() != NULL ? 0 : 1);
    int how = 0;
    if (waitpid(early, &how, 0) != early || how != 0) {
        fprintf(stderr, "the library does not work in a child forked before its first use\n");
        return 1;
    }

    huge = malloc(HUGE_LENGTH + 1);
    memset(huge, 'a', HUGE_LENGTH);
    huge[HUGE_LENGTH] = 0;
    make_objects();
    wa_client *keep = new_client("keep"); /* keeps the library's threads running throughout */

    if (strcmp(way, "calls") == 0)
        result = calls();
    else if (strcmp(way, "threads") == 0)
        result = threads(argc > 2 ? (unsigned)atoi(argv[2]) : 200);
    else if (strcmp(way, "fork") == 0)
        result = fork_and_call();

    wa_client_free(keep);
    wa_client_free(client);
    wa_config_free(config);
    wa_queue_free(queue);
    wa_event_free(event);
    wa_error_free(error);
    free(huge);
    return result;
}
