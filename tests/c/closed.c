/* A host without standard descriptors: what the library opens never takes their
 * place, so that what the host prints goes to no store and to no server, and a
 * daemon that puts its own log there closes nothing of the library.
 *
 *     closed WHEN STORE URL ROOT_KEY CA PHONE
 *
 * WHEN they are closed: before (the first client), between (two clients), or
 * again (before each event).
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <wa.h>

enum { PATIENCE_MS = 180000 };

/* What the test reads. */
static FILE *report;

#define CHECK(condition)                                                            \
    do {                                                                            \
        if (!(condition)) {                                                         \
            fprintf(report, "%s:%d: %s\n", __FILE__, __LINE__, #condition);         \
            fflush(report);                                                         \
            exit(1);                                                                \
        }                                                                           \
    } while (0)

static void shut(void)
{
    for (int number = 0; number < 3; number++)
        close(number);
}

static bool is_closed(int number)
{
    int flags = fcntl(number, F_GETFL);
    return flags == -1 || (flags & O_PATH) != 0;
}

/* Nothing can be read there or written to. While the library opens something, a
 * descriptor that says so much may stand there; and what it opens in the moment
 * in which the host closes that one, until it is moved. */
static void look(void)
{
    for (int number = 0; number < 3; number++) {
        for (int wait = 0; !is_closed(number) && wait < 500; wait++)
            usleep(1000);
        if (is_closed(number))
            continue;
        char name[64], target[500] = "";
        snprintf(name, sizeof name, "/proc/self/fd/%d", number);
        CHECK(readlink(name, target, sizeof target - 1) >= 0);
        fprintf(report, "%d is %s\n", number, target);
        fflush(report);
        exit(1);
    }
}

/* As programs do, whose prints nobody has looked at for years. */
static void print(void)
{
    printf("hello from the host, in more words than a header has bytes, so that it would be overwritten\n");
    fflush(stdout);
    fprintf(stderr, "a warning of the host, in more words than a header has bytes as well, as is usual\n");
    clearerr(stdout);
    clearerr(stderr);
}

static wa_client *open_client(char **arguments, const char *store)
{
    wa_config *config = wa_config_new();
    wa_client *client = NULL;
    wa_error *error = NULL;
    CHECK(wa_config_set(config, "store.url", store, NULL) == WA_OK);
    CHECK(wa_config_set(config, "server.url", arguments[3], NULL) == WA_OK);
    CHECK(wa_config_set(config, "server.root_key", arguments[4], NULL) == WA_OK);
    CHECK(wa_config_set(config, "server.ca_file", arguments[5], NULL) == WA_OK);
    if (wa_client_new(config, NULL, &client, &error) != WA_OK) {
        fprintf(report, "%s: %s\n", wa_error_name(error), wa_error_text(error));
        fflush(report);
        exit(1);
    }
    wa_config_free(config);
    CHECK(wa_queue_fd(wa_client_queue(client)) > 2);
    return client;
}

/* Until it is ready; pairs if it has to. */
static void use(wa_client *client, const char *phone, bool again)
{
    CHECK(wa_client_connect(client, NULL) == WA_OK);
    if (phone != NULL)
        CHECK(wa_request_pairing(client, phone, NULL, NULL, NULL) == WA_OK);
    for (bool is_ready = false; !is_ready;) {
        wa_event *event = NULL;
        if (again)
            shut();
        CHECK(wa_poll_event(client, PATIENCE_MS, &event, NULL) == WA_OK);
        look();
        print();
        if (wa_event_type(event) == WA_EVENT_PAIRING_CODE) {
            fprintf(report, "code %s\n", wa_event_code(event));
            fflush(report);
        }
        CHECK(wa_event_type(event) != WA_EVENT_CLOSED);
        is_ready = wa_event_type(event) == WA_EVENT_READY;
        wa_event_ack(event);
        wa_event_free(event);
    }
}

int main(int count, char **arguments)
{
    if (count != 7)
        return 2;
    int kept = fcntl(1, F_DUPFD_CLOEXEC, 200);
    report = fdopen(kept, "w");
    bool again = strcmp(arguments[1], "again") == 0;
    wa_client *first = NULL;
    if (strcmp(arguments[1], "between") == 0)
        first = open_client(arguments, "memory:");
    shut();
    wa_client *client = open_client(arguments, arguments[2]);
    use(client, arguments[6], again);
    for (int round = 0; round < 3; round++) {
        wa_client_free(client);
        print();
        client = open_client(arguments, arguments[2]);
        look();
        use(client, NULL, again);
        look();
    }
    /* A daemon has them closed, and opens a log of its own. */
    for (int number = 0; number < 3; number++) {
        int log = open("/dev/null", O_RDWR);
        for (int wait = 0; log != number && wait < 6000; wait++) {
            close(log);
            usleep(10000);
            log = open("/dev/null", O_RDWR);
        }
        CHECK(log == number);
        CHECK(fcntl(log, F_GETFD) == 0);
    }
    print();
    wa_client_free(client);
    client = open_client(arguments, arguments[2]);
    wa_client_free(client);
    for (int number = 0; number < 3; number++)
        CHECK(!is_closed(number) && (fcntl(number, F_GETFL) & O_ACCMODE) == O_RDWR);
    wa_client_free(first);
    return 0;
}
