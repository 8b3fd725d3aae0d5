/* Queues, waiting, waking, closing, descriptors, and what an event lends, without any network. */
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>
#include <wa.h>

#define CHECK(condition)                                                          \
    do {                                                                          \
        if (!(condition)) {                                                       \
            fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #condition);       \
            exit(1);                                                              \
        }                                                                         \
    } while (0)

static wa_client *new_client(const char *session, wa_queue *queue)
{
    wa_error *error = NULL;
    wa_client *client = NULL;
    wa_config *config = wa_config_new();
    CHECK(wa_config_set(config, "session.id", session, NULL) == WA_OK);
    CHECK(wa_config_set(config, "server.url", "ws://127.0.0.1:1/", NULL) == WA_OK);
    if (wa_client_new(config, queue, &client, &error) != WA_OK) {
        fprintf(stderr, "%s: %s\n", wa_error_name(error), wa_error_text(error));
        exit(1);
    }
    wa_config_free(config);
    return client;
}

static bool readable(int fd)
{
    struct pollfd entry = { .fd = fd, .events = POLLIN };
    return poll(&entry, 1, 0) == 1;
}

static double seconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

/* Takes events until one of this type comes. */
static wa_event *wait_for(wa_client *client, uint32_t type)
{
    for (;;) {
        wa_event *event = NULL;
        CHECK(wa_poll_event(client, 120000, &event, NULL) == WA_OK);
        if (wa_event_type(event) == type)
            return event;
        wa_event_free(event);
    }
}

static void errors_say_what_to_do(void)
{
    wa_error *error = NULL;
    wa_config *config = wa_config_new();
    CHECK(wa_config_set(config, "pairing.code_ttl_ms", "1", &error) == WA_ERROR_BAD_VALUE);
    CHECK(wa_error_status(error) == WA_ERROR_BAD_VALUE);
    CHECK(strcmp(wa_error_name(error), "WA_ERROR_BAD_VALUE") == 0);
    CHECK(strcmp(wa_error_key(error), "pairing.code_ttl_ms") == 0);
    CHECK(strstr(wa_error_text(error), "180000") != NULL);
    CHECK(!wa_error_is_retryable(error) && wa_error_retry_after_ms(error) == 0);
    wa_error_free(error);
    CHECK(wa_error_text(error) == NULL);

    CHECK(wa_config_set(config, "no.such", "1", &error) == WA_ERROR_UNKNOWN_KEY);
    wa_error_free(error);
    CHECK(wa_config_set(config, "device.name", "\xFF", &error) == WA_ERROR_INVALID_UTF8);
    CHECK(strcmp(wa_error_key(error), "value") == 0);
    wa_error_free(error);

    /* A value that was lent stays when the key changes. */
    CHECK(wa_config_set(config, "device.name", "first", NULL) == WA_OK);
    const char *first = wa_config_get(config, "device.name");
    CHECK(wa_config_set(config, "device.name", "second", &error) == WA_OK && error == NULL);
    CHECK(strcmp(first, "first") == 0 && strcmp(wa_config_get(config, "device.name"), "second") == 0);
    CHECK(wa_config_set(config, "device.name", NULL, NULL) == WA_OK);
    CHECK(strcmp(wa_config_get(config, "device.name"), "") == 0);
    CHECK(wa_config_set(config, "ui.theme", "dark", NULL) == WA_OK);
    CHECK(strcmp(wa_config_get(config, "ui.theme"), "dark") == 0);
    wa_config_free(config);
}

static void the_tables_are_there(void)
{
    size_t length = 0;
    const char *json = wa_reference_json(&length);
    CHECK(json != NULL && strlen(json) == length && json[0] == '{');
    CHECK(strstr(json, "\"WA_ERROR_INVALID_HANDLE\"") && strstr(json, "\"pairing.code\"") && strstr(json, "\"store.url\""));
    CHECK(strcmp(wa_status_name(WA_ERROR_FORKED), "WA_ERROR_FORKED") == 0);
    CHECK(strlen(wa_status_text(WA_ERROR_FORKED)) > 10);
    CHECK(wa_status_name(99999) == NULL && wa_status_name(-1) == NULL);
    CHECK(wa_version_number() == WA_VERSION_NUMBER);
}

static void events_outlive_their_client(void)
{
    wa_client *client = new_client("one", NULL);
    uint64_t id = wa_client_id(client), request = 0;
    CHECK(id != 0 && !wa_client_is_linked(client));
    CHECK(wa_call(client, "session.status", NULL, &request, NULL) == WA_OK && request != 0);
    wa_event *event = wait_for(client, WA_EVENT_RESULT);
    wa_client_free(client);

    CHECK(wa_event_client(event) == id && wa_event_request(event) == request && wa_event_id(event) > 0);
    CHECK(strcmp(wa_event_name(event), "result") == 0 && wa_event_time_ms(event) > 1000000000000);
    CHECK(wa_event_status(event) == WA_OK && !wa_event_is_durable(event) && !wa_event_is_redelivered(event));
    size_t length = 0;
    const char *json = wa_event_json(event, &length);
    CHECK(strlen(json) == length && strstr(json, "\"type\":\"result\"") && json == wa_event_json(event, NULL));
    CHECK(wa_event_result(event, &length)[length] == 0);
    CHECK(wa_event_code(event) == NULL && wa_event_expires_at_ms(event) == 0 && wa_event_jid(event) == NULL);
    CHECK(wa_event_qr_image(event, "png", &length) == NULL);
    CHECK(wa_event_ack(event) == WA_OK && wa_event_ack(event) == WA_OK);
    wa_event_free(event);
    CHECK(wa_event_json(event, &length) == NULL && wa_event_ack(event) == WA_ERROR_INVALID_HANDLE);
    wa_event_free(event);
}

static void every_request_is_answered_at_closing_too(void)
{
    wa_client *client = new_client("one", NULL);
    uint64_t requests[20];
    for (int i = 0; i < 20; i++)
        CHECK(wa_call(client, "session.list", "{}", &requests[i], NULL) == WA_OK);
    CHECK(wa_client_close(client) == WA_OK && wa_client_close(client) == WA_OK);

    int answers = 0;
    uint64_t last = 0;
    wa_status status;
    wa_event *event = NULL;
    while ((status = wa_poll_event(client, 120000, &event, NULL)) == WA_OK) {
        CHECK(wa_event_id(event) > last);
        last = wa_event_id(event);
        if (wa_event_type(event) == WA_EVENT_RESULT)
            CHECK(wa_event_request(event) == requests[answers++]);
        wa_event_free(event);
    }
    CHECK(status == WA_CLOSED && answers == 20);
    CHECK(wa_poll_event(client, -1, &event, NULL) == WA_CLOSED);
    wa_error *error = NULL;
    CHECK(wa_client_connect(client, &error) == WA_ERROR_CLIENT_CLOSED);
    wa_error_free(error);
    CHECK(wa_call(client, "session.list", NULL, NULL, NULL) == WA_ERROR_CLIENT_CLOSED);
    wa_client_free(client);
}

static void the_descriptor_is_level_triggered(void)
{
    wa_client *client = new_client("one", NULL);
    wa_queue *queue = wa_client_queue(client);
    CHECK(queue != NULL && queue == wa_client_queue(client));
    int fd = wa_queue_fd(queue);
    wa_event *event = NULL;
    CHECK(fd >= 0 && fd == wa_queue_fd(queue));
    while (wa_queue_poll(queue, 0, &event, NULL) == WA_OK)
        wa_event_free(event);
    CHECK(!readable(fd));
    CHECK(wa_queue_wake(queue) == WA_OK && readable(fd));
    CHECK(wa_queue_poll(queue, -1, &event, NULL) == WA_WOKEN && !readable(fd));
    CHECK(wa_client_close(client) == WA_OK);
    while (wa_queue_poll(queue, 120000, &event, NULL) == WA_OK) {
        wa_event_free(event);
    }
    CHECK(readable(fd));
    wa_queue_free(queue); /* borrowed: let pass */
    CHECK(wa_queue_poll(queue, 0, &event, NULL) == WA_CLOSED);
    wa_client_free(client);
    CHECK(wa_queue_poll(queue, 0, &event, NULL) == WA_ERROR_INVALID_HANDLE);
}

static void *wait_on(void *client)
{
    wa_event *event = NULL;
    wa_status status;
    while ((status = wa_poll_event(client, -1, &event, NULL)) == WA_OK)
        wa_event_free(event);
    return (void *)(intptr_t)status;
}

static void freeing_lets_waiting_threads_go(void)
{
    for (int round = 0; round < 20; round++) {
        wa_client *client = new_client("one", NULL);
        pthread_t threads[3];
        for (int i = 0; i < 3; i++)
            CHECK(pthread_create(&threads[i], NULL, wait_on, client) == 0);
        usleep((unsigned)round * 200);
        double before = seconds();
        wa_client_free(client);
        for (int i = 0; i < 3; i++) {
            void *status = NULL;
            pthread_join(threads[i], &status);
            CHECK((intptr_t)status == WA_CLOSED || (intptr_t)status == WA_ERROR_INVALID_HANDLE);
        }
        CHECK(seconds() - before < 5);
    }
}

static void many_clients_share_a_queue(void)
{
    enum { CLIENTS = 50 };
    wa_queue *queue = NULL;
    wa_client *clients[CLIENTS];
    uint64_t ids[CLIENTS];
    int closed = 0;
    wa_event *event = NULL;

    CHECK(wa_queue_new(&queue, NULL) == WA_OK);
    for (int i = 0; i < CLIENTS; i++) {
        char session[16];
        snprintf(session, sizeof session, "s%d", i);
        clients[i] = new_client(session, queue);
        ids[i] = wa_client_id(clients[i]);
        CHECK(wa_client_queue(clients[i]) == NULL);
    }
    wa_error *error = NULL;
    CHECK(wa_poll_event(clients[0], 0, &event, &error) == WA_ERROR_INVALID_STATE);
    wa_error_free(error);
    for (int i = 0; i < CLIENTS; i++) {
        CHECK(wa_call(clients[i], "session.status", NULL, NULL, NULL) == WA_OK);
        if (i % 2)
            wa_client_free(clients[i]);
        else
            CHECK(wa_client_close(clients[i]) == WA_OK);
    }
    while (closed < CLIENTS) {
        CHECK(wa_queue_poll(queue, 120000, &event, NULL) == WA_OK);
        if (wa_event_type(event) == WA_EVENT_CLOSED) {
            for (int i = 0; i < CLIENTS; i++)
                if (ids[i] == wa_event_client(event)) {
                    ids[i] = 0;
                    closed++;
                }
        }
        wa_event_free(event);
    }
    CHECK(wa_queue_poll(queue, 0, &event, NULL) == WA_TIMEOUT);
    for (int i = 0; i < CLIENTS; i += 2)
        wa_client_free(clients[i]);
    wa_queue_free(queue);
    CHECK(wa_queue_poll(queue, 0, &event, NULL) == WA_ERROR_INVALID_HANDLE);
}

static void a_queue_may_go_before_its_clients(void)
{
    wa_queue *queue = NULL;
    CHECK(wa_queue_new(&queue, NULL) == WA_OK);
    wa_client *client = new_client("one", queue);
    wa_queue_free(queue);
    CHECK(wa_call(client, "session.status", NULL, NULL, NULL) == WA_OK);
    CHECK(wa_client_close(client) == WA_OK);
    wa_client_free(client);
}

static int threads_of_this_process(void)
{
    char line[128];
    int count = -1;
    FILE *file = fopen("/proc/self/status", "r");
    CHECK(file != NULL);
    while (fgets(line, sizeof line, file) != NULL)
        sscanf(line, "Threads: %d", &count);
    fclose(file);
    return count;
}

static void no_thread_stays(int before)
{
    for (int wait = 0; threads_of_this_process() > before && wait < 500; wait++)
        usleep(10000);
    CHECK(threads_of_this_process() == before);
}

/* A process without file descriptors gets errors by name, and goes on when it has some again. */
static void a_want_of_descriptors_is_named(void)
{
    struct rlimit usual, none;
    wa_error *error = NULL;
    wa_client *client = NULL;
    wa_queue *queue = NULL;

    CHECK(wa_queue_new(&queue, NULL) == WA_OK);
    int next = dup(0);
    CHECK(next >= 0 && close(next) == 0);
    CHECK(getrlimit(RLIMIT_NOFILE, &usual) == 0);
    none = usual;
    none.rlim_cur = (rlim_t)next;
    CHECK(setrlimit(RLIMIT_NOFILE, &none) == 0);
    wa_status status = wa_client_new(NULL, NULL, &client, &error);
    int fd = wa_queue_fd(queue);
    CHECK(setrlimit(RLIMIT_NOFILE, &usual) == 0);

    CHECK(status == WA_ERROR_TOO_MANY_FILES && client == NULL && wa_error_is_retryable(error));
    wa_error_free(error);
    CHECK(fd == -1 && wa_queue_fd(queue) >= 0);
    CHECK(wa_client_new(NULL, queue, &client, NULL) == WA_OK);
    wa_client_free(client);
    wa_queue_free(queue);
}

int main(void)
{
    int before = threads_of_this_process();
    errors_say_what_to_do();
    the_tables_are_there();
    CHECK(threads_of_this_process() == before);
    events_outlive_their_client();
    no_thread_stays(before);
    every_request_is_answered_at_closing_too();
    the_descriptor_is_level_triggered();
    freeing_lets_waiting_threads_go();
    many_clients_share_a_queue();
    a_queue_may_go_before_its_clients();
    no_thread_stays(before);
    a_want_of_descriptors_is_named();
    no_thread_stays(before);
    return 0;
}
